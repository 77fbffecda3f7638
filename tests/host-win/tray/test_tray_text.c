/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "tray/tray_text.h"

TEST(languages)
{
    static const struct {
        uint16_t windows_language;
        enum tray_language language;
    } rows[] = {
        { 0x0416, TRAY_PORTUGUESE }, /* Brazil */
        { 0x0816, TRAY_PORTUGUESE }, /* Portugal */
        { 0x0016, TRAY_PORTUGUESE }, { 0x0409, TRAY_ENGLISH }, { 0x0407, TRAY_ENGLISH },
        { 0, TRAY_ENGLISH },         { 0xffff, TRAY_ENGLISH },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(tray_language_of(rows[i].windows_language) == rows[i].language, "%#x",
                  rows[i].windows_language);
}

static const struct {
    struct control_status status;
    enum tray_icon icon;
    const char *line, *portuguese;
} rows[] = {
    { { .state = CONTROL_STARTING }, TRAY_ICON_IDLE, "Starting", "Iniciando" },
    { { .state = CONTROL_IDLE }, TRAY_ICON_IDLE, "No viewer", "Nenhum visualizador" },
    { { .state = CONTROL_IDLE, .width_px = 1920, .height_px = 1080, .format = "BGRA8" },
      TRAY_ICON_IDLE,
      "No viewer, 1920x1080, 0 fps",
      "Nenhum visualizador, 1920x1080, 0 fps" },
    { { .state = CONTROL_CAPTURING,
        .viewer_connected = true,
        .width_px = 3840,
        .height_px = 2160,
        .rate_mhz = 59940 },
      TRAY_ICON_CONNECTED,
      "Viewer connected, 3840x2160, 60 fps",
      "Visualizador conectado, 3840x2160, 60 fps" },
    { { .state = CONTROL_FAILED, .viewer_connected = true, .width_px = 1, .height_px = 1 },
      TRAY_ICON_FAILED,
      "No capture",
      "Sem captura" },
    { { .state = CONTROL_FAILED, .problem = "the IVSHMEM driver is missing" },
      TRAY_ICON_FAILED,
      "No capture: the IVSHMEM driver is missing",
      "Sem captura: the IVSHMEM driver is missing" },
};

TEST(states)
{
    char text[TRAY_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(tray_icon_for(&rows[i].status), rows[i].icon);
        tray_state_line(TRAY_ENGLISH, &rows[i].status, text);
        CHECK_STR(text, rows[i].line);
        tray_state_line(TRAY_PORTUGUESE, &rows[i].status, text);
        CHECK_STR(text, rows[i].portuguese);
    }
}

TEST(nobody_answers)
{
    char text[TRAY_TEXT_BYTES];
    CHECK_INT(tray_icon_for(NULL), TRAY_ICON_FAILED);
    tray_tooltip(TRAY_ENGLISH, NULL, text);
    CHECK_STR(text, "Espelho: Host does not run");
    tray_tooltip(TRAY_PORTUGUESE, NULL, text);
    CHECK_STR(text, "Espelho: Captura parada");
}

TEST(every_language_has_every_word)
{
    for (int l = TRAY_ENGLISH; l <= TRAY_PORTUGUESE; l++) {
        for (int w = 0; w < TRAY_WORD_COUNT; w++) {
            const char *word = tray_word((enum tray_language)l, (enum tray_word)w);
            CHECK_MSG(word && word[0] && strlen(word) < TRAY_TEXT_BYTES, "language %d, word %d", l,
                      w);
        }
    }
}

/* The status came through the pipe. */
TEST(the_longest_status_fits)
{
    struct control_status status = { .state = CONTROL_FAILED };
    char text[TRAY_TEXT_BYTES];
    memset(status.problem, 'x', sizeof(status.problem) - 1);
    tray_tooltip(TRAY_PORTUGUESE, &status, text);
    CHECK_INT(strlen(text), strlen("Espelho: Sem captura: ") + sizeof(status.problem) - 1);
    status = (struct control_status){ .state = CONTROL_CAPTURING,
                                      .width_px = UINT32_MAX,
                                      .height_px = UINT32_MAX,
                                      .rate_mhz = UINT32_MAX };
    tray_tooltip(TRAY_ENGLISH, &status, text);
    CHECK_STR(text, "Espelho: No viewer, 4294967295x4294967295, 4294967 fps");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tray/tray_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LANG_ID_MASK = 0x3ff, LANG_ID_PORTUGUESE = 0x16 }; /* winnt.h: PRIMARYLANGID() */

enum state_word {
    STATE_ABSENT,
    STATE_STARTING,
    STATE_NO_VIEWER,
    STATE_VIEWER,
    STATE_FAILED,
    STATE_COUNT,
};

static const char quit_question[] =
    "End the Espelho host? The viewer loses this screen until the host is started again, or "
    "Windows.";
static const char quit_question_pt[] =
    "Terminar o Espelho? O visualizador perde esta tela até que o programa, ou o Windows, seja "
    "iniciado de novo.";

static const struct {
    const char *words[TRAY_WORD_COUNT];
    const char *states[STATE_COUNT];
} languages[] = {
    [TRAY_ENGLISH] = {
        .words = {
            [TRAY_WORD_OPEN_LOG] = "Open log folder",
            [TRAY_WORD_RESTART] = "Restart capture",
            [TRAY_WORD_QUIT] = "Quit",
            [TRAY_WORD_QUIT_QUESTION] = quit_question,
            [TRAY_WORD_NO_LOG] = "There is no log folder to be opened.",
            [TRAY_WORD_NO_ANSWER] = "The Espelho host does not answer.",
        },
        .states = {
            [STATE_ABSENT] = "Host does not run",
            [STATE_STARTING] = "Starting",
            [STATE_NO_VIEWER] = "No viewer",
            [STATE_VIEWER] = "Viewer connected",
            [STATE_FAILED] = "No capture",
        },
    },
    [TRAY_PORTUGUESE] = {
        .words = {
            [TRAY_WORD_OPEN_LOG] = "Abrir pasta de registros",
            [TRAY_WORD_RESTART] = "Reiniciar captura",
            [TRAY_WORD_QUIT] = "Sair",
            [TRAY_WORD_QUIT_QUESTION] = quit_question_pt,
            [TRAY_WORD_NO_LOG] = "Não há pasta de registros para abrir.",
            [TRAY_WORD_NO_ANSWER] = "O Espelho não responde.",
        },
        .states = {
            [STATE_ABSENT] = "Captura parada",
            [STATE_STARTING] = "Iniciando",
            [STATE_NO_VIEWER] = "Nenhum visualizador",
            [STATE_VIEWER] = "Visualizador conectado",
            [STATE_FAILED] = "Sem captura",
        },
    },
};

enum tray_language tray_language_of(uint16_t windows_language)
{
    return (windows_language & LANG_ID_MASK) == LANG_ID_PORTUGUESE ? TRAY_PORTUGUESE : TRAY_ENGLISH;
}

const char *tray_word(enum tray_language language, enum tray_word word)
{
    assert(word < TRAY_WORD_COUNT);
    return languages[language].words[word];
}

static enum state_word state_of(const struct control_status *status)
{
    if (!status)
        return STATE_ABSENT;
    if (status->state == CONTROL_FAILED)
        return STATE_FAILED;
    if (status->state == CONTROL_STARTING)
        return STATE_STARTING;
    return status->viewer_connected ? STATE_VIEWER : STATE_NO_VIEWER;
}

enum tray_icon tray_icon_for(const struct control_status *status)
{
    static const enum tray_icon icons[STATE_COUNT] = {
        [STATE_ABSENT] = TRAY_ICON_FAILED,  [STATE_STARTING] = TRAY_ICON_IDLE,
        [STATE_NO_VIEWER] = TRAY_ICON_IDLE, [STATE_VIEWER] = TRAY_ICON_CONNECTED,
        [STATE_FAILED] = TRAY_ICON_FAILED,
    };
    return icons[state_of(status)];
}

/* What belongs to the state: why it failed, or the mode and how fast. */
static void details(const struct control_status *status, char *text, size_t text_bytes)
{
    text[0] = '\0';
    if (!status)
        return;
    if (status->state == CONTROL_FAILED && status->problem[0])
        snprintf(text, text_bytes, ": %s", status->problem);
    else if (status->state != CONTROL_FAILED && status->width_px && status->height_px)
        snprintf(text, text_bytes, ", %ux%u, %u fps", (unsigned)status->width_px,
                 (unsigned)status->height_px,
                 (unsigned)(status->rate_mhz / 1000 + (status->rate_mhz % 1000 >= 500)));
}

void tray_state_line(enum tray_language language, const struct control_status *status,
                     char text[TRAY_TEXT_BYTES])
{
    char more[TRAY_TEXT_BYTES / 2 + 64];
    details(status, more, sizeof(more));
    snprintf(text, TRAY_TEXT_BYTES, "%s%s", languages[language].states[state_of(status)], more);
}

void tray_tooltip(enum tray_language language, const struct control_status *status,
                  char text[TRAY_TEXT_BYTES])
{
    static const char prefix[] = "Espelho: ";
    tray_state_line(language, status, text);
    const size_t len = strlen(text), room = TRAY_TEXT_BYTES - sizeof(prefix);
    memmove(text + sizeof(prefix) - 1, text, (len < room ? len : room) + 1);
    memcpy(text, prefix, sizeof(prefix) - 1);
    text[TRAY_TEXT_BYTES - 1] = '\0';
}

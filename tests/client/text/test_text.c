/* SPDX-License-Identifier: GPL-2.0-or-later
 * The catalogue as the program's parts use it, where no output of the program shows it: words over
 * the picture, log lines. */
#define LOG_MODULE "text"
#include "text/text.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/log.h"
#include "input/binding.h"
#include "options/options.h"
#include "shm/region.h"
#include "test.h"
#include "viewer/viewer_report.h"

static void speak(const char *language)
{
    if (access(TEST_CATALOGUE, R_OK) != 0)
        SKIP("built without gettext");
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("LANGUAGE", language, 1);
    text_init();
}

#define CHECK_HAS(text, part) CHECK_MSG(strstr(text, part), "\"%s\" is not in \"%s\"", part, text)

static void key_list(char *text, size_t text_bytes)
{
    struct binding_table *t = NULL;
    struct binding_error error;
    CHECK_INT(binding_table_create("ScrollLock", &t, &error), 0);
    CHECK_INT(binding_table_add(t, INPUT_ACTION_FULLSCREEN, "F", &error), 0);
    CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, "F", &error), -EINVAL);
    binding_table_help(t, text, text_bytes);
    strncat(text, error.text, text_bytes - strlen(text) - 1);
    binding_table_destroy(t);
}

TEST(key_list_and_its_errors)
{
    char text[512] = "";
    speak("pt_BR");
    key_list(text, sizeof(text));
    CHECK_STR(text,
              "F\tliga e desliga a tela cheia\nF já está em uso: liga e desliga a tela cheia");
}

TEST(another_language_is_english)
{
    char text[512] = "";
    speak("xx_XX");
    key_list(text, sizeof(text));
    CHECK_STR(text, "F\tfull screen on and off\nF is taken already: full screen on and off");
}

TEST(figures)
{
    const struct viewer_stats stats = { .active = SOURCE_SWITCH_ACTIVE_RELAY,
                                        .renderer_name = "shm",
                                        .frames_shown = 7,
                                        .has_audio = true,
                                        .source = { .wait_name = "fixed",
                                                    .interval_ns = 6944000 } };
    char text[1024];
    speak("pt_BR");
    viewer_report_text(&stats, text, sizeof(text));
    CHECK_HAS(text, "imagem    relay por shm, 7 mostradas, a cada 6,94 ms");
    CHECK_HAS(text, "espera    fixed; sem campainha");
    CHECK_HAS(text, "SPICE     desligado");
    CHECK_HAS(text, "som       sem PipeWire");
}

TEST(numbers_have_a_comma)
{
    speak("pt_BR");
    CHECK_STR(DECIMAL(1.25, 2), "1,25");
    CHECK_STR(DECIMAL(-0.5, 1), "-0,5");
    CHECK_STR(DECIMAL(1234.0, 0), "1234");
    speak("xx_XX");
    CHECK_STR(DECIMAL(1.25, 2), "1.25");
}

TEST(what_is_wrong_with_a_region)
{
    struct shm_region *region;
    struct shm_problem problem;
    speak("pt_BR");
    CHECK_INT(shm_region_open("/nowhere/x", &region, &problem), -ENOENT);
    CHECK_HAS(problem.message, "/nowhere/x não existe");
    CHECK_HAS(problem.advice, "Inicie a VM.");
    CHECK_HAS(problem.advice, "size=64M");
}

TEST(options_with_errors)
{
    static const struct option_def defs[] = { { "size", .type = OPTION_U32, .max = 9,
                                                .help = "" } };
    const struct option_table table = { .defs = defs, .count = 1 };
    uint32_t target = 0;
    struct option_error error;
    speak("pt_BR");
    CHECK_INT(options_set(&table, &target, "size", "10", &error), -EINVAL);
    CHECK_STR(error.message, "size: '10' não vale; esperado: 0..9; o mais parecido é 9");
    CHECK_INT(options_set(&table, &target, "sise", "1", &error), -ENOENT);
    CHECK_STR(error.message, "opção desconhecida 'sise'; a mais parecida é size");
}

/* What four lines of the log look like. */
static void log_lines(char *text, size_t text_bytes)
{
    char path[] = "/tmp/espelho-text.XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(log_open_file(path), 0);
    log_set_level(LOG_LEVEL_DEBUG);
    log_err("out of memory");
    log_every(1000, LOG_LEVEL_WARN, "out of memory");
    log_debug("out of memory");
    log_debug_every(1000, "out of memory");
    const ssize_t n = read(fd, text, text_bytes - 1);
    CHECK(n > 0);
    text[n] = '\0';
    close(fd);
    unlink(path);
}

TEST(log_lines_but_not_those_for_developers)
{
    char text[512];
    speak("pt_BR");
    log_lines(text, sizeof(text));
    CHECK_STR(text, "error text: sem memória\nwarn  text: sem memória\n"
                    "debug text: out of memory\ndebug text: out of memory\n");
}

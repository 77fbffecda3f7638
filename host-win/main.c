/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/main.c - espelho-host.exe: one program for the capture process, the service, the tray
 * and their installation. The first word decides; without one it captures in the foreground. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/err.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/utf16.h"
#include "capture/outputs.h"
#include "config/host_options.h"
#include "host.h"
#include "service/service.h"
#include "service/setup.h"
#include "tray/tray.h"
#include "win/event_log.h"
#include "win/folders.h"
#include "win/log_file.h"

#define LOG_MODULE "main"

/* ---- capture ---- */

struct message {
    char text[640];
};

/* Frees *options itself if it fails, and says why in *why. */
static int load_options(int argc, char **argv, struct host_options *options, struct message *why)
{
    struct folders folders;
    struct option_error error = { .message = "" };
    const int found = folders_find(&folders);
    if (found < 0) {
        snprintf(why->text, sizeof(why->text), "cannot find its own folder: %s", err_str(found));
        return HOST_EXIT_FAILED;
    }
    const char *const names[FOLDERS_COUNT] = { folders.program, folders.data };
    int rest = 0;
    const int err = host_options_load(options, names, FOLDERS_COUNT, argc, argv, &rest, &error);
    if (err == 0 && rest == 0)
        return HOST_EXIT_STOPPED;
    host_options_free(options);
    if (err < 0)
        snprintf(why->text, sizeof(why->text), "%s", error.message);
    else
        snprintf(why->text, sizeof(why->text), "what is \"%.100s\"? See espelho-host --help",
                 argv[0]);
    return HOST_EXIT_USAGE;
}

static int capture_in_foreground(int argc, char **argv)
{
    struct host_options options;
    struct message why;
    int status = load_options(argc, argv, &options, &why);
    if (status != HOST_EXIT_STOPPED) {
        fprintf(stderr, "espelho-host: %s\n", why.text);
        return status;
    }
    status = host_run(&options, true);
    host_options_free(&options);
    return status;
}

/* There is no console, and without options no choice of a log either: the usual one, and Windows'.
 */
static void tell_in_log(const char *text)
{
    struct folders folders;
    struct log_file log;
    if (folders_find(&folders) == 0 &&
        log_file_start(&log, folders.data, "espelho-host", false, 0) == 0)
        log_err("settings: %s", text);
    if (event_log_write(EVENT_LOG_FAILED, text) < 0)
        log_warn("Windows' event log takes no entries");
}

static int capture_for_service(void)
{
    struct host_options options;
    struct message why;
    int status = load_options(0, NULL, &options, &why);
    if (status != HOST_EXIT_STOPPED) {
        tell_in_log(why.text);
        return status;
    }
    status = host_run(&options, false);
    host_options_free(&options);
    return status;
}

/* ---- verbs ---- */

static int run_service(void)
{
    struct folders folders;
    if (folders_find(&folders) < 0)
        return HOST_EXIT_FAILED;
    const char *const names[FOLDERS_COUNT] = { folders.program, folders.data };
    return service_run(names, FOLDERS_COUNT, folders.data);
}

/* A console that was opened for us alone is in the way; that of a terminal is not ours. */
static void leave_own_console(void)
{
    DWORD processes[2];
    if (GetConsoleProcessList(processes, ARRAY_LEN(processes)) == 1)
        FreeConsole();
}

static int run_tray(void)
{
    leave_own_console();
    return tray_run(NULL);
}

static int print_version(void)
{
    printf("espelho-host %s\nSpeaks LGMP 6 and KVMFR 20, the shared-memory formats of Looking "
           "Glass B7.\n",
           ESPELHO_VERSION);
    return 0;
}

static int print_options(void)
{
    options_print(&host_option_table, stdout);
    return 0;
}

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    puts(line);
}

/* As the settings files choose; the option of a command line would be a different choice. */
static int list_outputs(void)
{
    struct host_options options;
    struct message why;
    const int status = load_options(0, NULL, &options, &why);
    if (status != HOST_EXIT_STOPPED) {
        fprintf(stderr, "espelho-host: %s\n", why.text);
        return status;
    }
    const int err = capture_outputs_tell(options.adapter, options.output, print_line, NULL);
    host_options_free(&options);
    return err < 0 ? HOST_EXIT_FAILED : 0;
}

static int print_help(void);

static const struct verb {
    const char *name;
    int (*run)(void);
    const char *help; /* NULL: not for people */
} verbs[] = {
    { "--install-service", setup_install, "run when Windows starts (needs administrator rights)" },
    { "--uninstall-service", setup_uninstall, "the opposite, likewise" },
    { "--start", setup_start, "the service, now" },
    { "--stop", setup_stop, "it" },
    { "--status", setup_status, "what service and capture do; ends with 0 if capture runs" },
    { "--tray", run_tray, "an icon beside the clock (the service starts it by itself)" },
    { "--list-outputs", list_outputs, "adapters and outputs, and which of them is captured" },
    { "--options", print_options, "all options, their values and defaults" },
    { "--help", print_help, "this text" },
    { "--version", print_version, "and which formats it speaks" },
    { "--service", run_service, NULL },         /* run by Windows */
    { "--session", capture_for_service, NULL }, /* run by the service */
};

static int print_help(void)
{
    printf("Shows this desktop to a viewer on the machine that runs this virtual machine.\n\n"
           "espelho-host [OPTION...]   captures in the foreground, until Ctrl+C; log on the "
           "console\n\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (verbs[i].help)
            printf("espelho-host %-19s %s\n", verbs[i].name, verbs[i].help);
    }
    printf("\nOptions are read from %s beside the program and in ProgramData\\Espelho, and from "
           "the\ncommand line: --name=value. The running service reads a changed file at once.\n",
           HOST_OPTIONS_FILE);
    return 0;
}

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(word, verbs[i].name) == 0)
            return &verbs[i];
    }
    return strcmp(word, "-h") == 0 ? find_verb("--help") : NULL;
}

/* "--instal-service" is no option either: the option system could only name an option. */
static const char *nearest_verb(const char *word)
{
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        names[i] = verbs[i].name;
    return options_nearest(names, ARRAY_LEN(names), word);
}

static int run_without_verb(int argc, char **argv)
{
    const bool alone = argc == 1 && strncmp(argv[0], "--", 2) == 0 && !strchr(argv[0], '=');
    const char *nearest =
        alone && !options_find(&host_option_table, argv[0] + 2) ? nearest_verb(argv[0]) : NULL;
    if (!nearest)
        return capture_in_foreground(argc, argv);
    fprintf(stderr, "espelho-host: unknown %s; %s was meant?\n", argv[0], nearest);
    return HOST_EXIT_USAGE;
}

static int run_verb(const struct verb *verb, int more)
{
    if (more == 0)
        return verb->run();
    fprintf(stderr, "espelho-host: nothing can follow %s\n", verb->name);
    return HOST_EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_help();
    }
    const struct verb *verb = argc > 0 ? find_verb(argv[0]) : NULL;
    return verb ? run_verb(verb, argc - 1) : run_without_verb(argc, argv);
}

/* ---- the command line, in UTF-8 ---- */

static void free_words(int count, char **words)
{
    for (int i = 0; words && i < count; i++)
        free(words[i]);
    free(words);
}

static char *to_utf8(const wchar_t *word)
{
    const size_t bytes = wcslen(word) * 3 + 1; /* the most that a UTF-16 unit becomes */
    char *text = malloc(bytes);
    if (text)
        utf16_to_utf8((const uint16_t *)word, text, bytes);
    return text;
}

/* NULL-terminated; NULL: no memory. */
static char **to_words(int count, wchar_t **wide)
{
    char **words = calloc((size_t)count + 1, sizeof(*words));
    for (int i = 0; words && i < count; i++) {
        words[i] = to_utf8(wide[i]);
        if (words[i])
            continue;
        free_words(count, words);
        return NULL;
    }
    return words;
}

/* A full disk or a closed pipe must not look like success. */
static int flush_output(int status)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != 0)
        return status;
    fprintf(stderr, "espelho-host: cannot write the output: %s\n", err_str(errno));
    return HOST_EXIT_FAILED;
}

int wmain(int argc, wchar_t **argv);
int wmain(int argc, wchar_t **argv)
{
    const int count = argc > 0 ? argc - 1 : 0;
    char **words = to_words(count, argv + 1), **given;
    SetConsoleOutputCP(CP_UTF8);
    if (!words)
        return HOST_EXIT_FAILED;
    /* Parsing moves the words; those to be freed stay where they are. */
    given = calloc((size_t)count + 1, sizeof(*given));
    if (given)
        memcpy(given, words, (size_t)count * sizeof(*given));
    const int status = given ? run(count, given) : HOST_EXIT_FAILED;
    free(given);
    free_words(count, words);
    return flush_output(status);
}

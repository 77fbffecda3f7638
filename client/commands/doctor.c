/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/doctor.c - `espelho doctor`: what stands between this machine and a working
 * window, and how to mend it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/doctor_probes.h"
#include "config/client_options.h"
#include "doctor/collect.h"
#include "doctor/doctor.h"
#include "doctor/vm_find.h"

/* Not COMMAND_*: 1 and 2 tell of the machine. */
enum { DOCTOR_OK = 0, DOCTOR_WARNINGS = 1, DOCTOR_FAILURES = 2, DOCTOR_DID_NOT_LOOK = 3 };

struct doctor_options {
    char *domain, *uri, *xml, *root, *explain, *collect, *check;
    bool json, all;
};

static const struct option_def doctor_defs[] = {
    { "domain", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, domain),
      .value_name = "NAME", .help = N_("the VM to look at, as libvirt calls it") },
    { "uri", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, uri),
      .value_name = "URI", .default_text = "qemu:///system",
      .help = N_("the libvirt that has the VM") },
    { "xml", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, xml),
      .value_name = "FILE", .help = N_("a VM's definition in a file, instead of asking libvirt") },
    { "check", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, check),
      .value_name = "ID", .help = N_("make only this check") },
    { "explain", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, explain),
      .value_name = "ID", .help = N_("tell more about a check, without making it") },
    { "all", .type = OPTION_BOOL, .offset = offsetof(struct doctor_options, all),
      .default_text = "no", .help = N_("also list the checks that do not apply here") },
    { "json", .type = OPTION_BOOL, .offset = offsetof(struct doctor_options, json),
      .default_text = "no", .help = N_("JSON for programs instead of the table") },
    { "root", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, root),
      .value_name = "DIR", .help = N_("look at a tree that --collect made on another machine") },
    { "collect", .type = OPTION_STRING, .offset = offsetof(struct doctor_options, collect),
      .value_name = "FILE.tar",
      .help =
          N_("write what was looked at into a file for a bug report, without serial numbers, keys, "
             "passwords, MAC addresses and names") },
};
static const struct option_table doctor_table = { .defs = doctor_defs,
                                                  .count = ARRAY_LEN(doctor_defs) };

/* All that one look needs. */
struct look {
    const struct doctor_options *options;
    struct root *root;
    struct collector *collector; /* NULL without --collect */
    struct machine *machine;
    struct vm *vm;
    char *xml, *vm_problem;
    struct doctor_probes probes;
    struct client_options settings; /* of the viewer: client.ini */
    struct option_error settings_error;
    struct doctor_viewer viewer; /* of `settings`; not in a saved tree */
};

static int did_not_look(const char *what, int err)
{
    command_fail(&command_doctor, "%s: %s", what, err_str(err));
    return DOCTOR_DID_NOT_LOOK;
}

/* A VM that was named and is not there is an error; none at all is a finding. */
static int find_vm(struct look *l)
{
    const struct doctor_options *o = l->options;
    const bool by_settings = !o->domain && l->viewer.domain;
    const struct vm_wish wish = { .xml = o->xml,
                                  .domain = by_settings ? l->viewer.domain : o->domain,
                                  .uri = by_settings ? l->settings.app.libvirt_uri : o->uri };
    const int err = vm_find(l->root, &wish, &l->vm, &l->xml, &l->vm_problem);
    if (err < 0 && (o->xml || o->domain)) {
        command_fail(&command_doctor, "%s", l->vm_problem ? l->vm_problem : err_str(err));
        return DOCTOR_DID_NOT_LOOK;
    }
    return DOCTOR_OK;
}

static const char *unless_empty(const char *text)
{
    return text && text[0] ? text : NULL;
}

/* What cannot be read is a finding. */
static void read_settings(struct look *l)
{
    if (client_options_load_files(&l->settings, &l->settings_error) < 0)
        l->viewer.problem = l->settings_error.message;
    l->viewer.domain = unless_empty(l->settings.app.domain);
    l->viewer.memory = unless_empty(l->settings.app.shm_file);
}

static int prepare(struct look *l)
{
    const struct doctor_options *o = l->options;
    int err = root_open(o->root, &l->root);
    if (err < 0)
        return did_not_look(o->root ? o->root : "/", err);
    if (o->collect && (err = collector_create(l->root, &l->collector)) < 0)
        return did_not_look(o->collect, err);
    if (!o->root && (err = doctor_probes_init(&l->probes)) < 0)
        return did_not_look("doctor", err);
    if (!o->root)
        read_settings(l);
    if ((err = machine_load(l->root, &l->machine)) < 0)
        return did_not_look("doctor", err);
    return find_vm(l);
}

static int print(const struct doctor_options *o, const struct doctor_report *report)
{
    if (o->json)
        return doctor_print_json(report, stdout);
    const bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    doctor_print_table(report, stdout, colour, o->all);
    return 0;
}

static int exit_status(const struct doctor_report *report)
{
    switch (doctor_worst(report)) {
    case VERDICT_FAILURE:
        return DOCTOR_FAILURES;
    case VERDICT_WARNING:
        return DOCTOR_WARNINGS;
    default:
        return DOCTOR_OK;
    }
}

/* What was found, too: a tree has neither the desktop nor the running guest in it. */
static int add_report(struct look *l, const struct doctor_report *report)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *const to = open_memstream(&text, &len_bytes);
    if (!to)
        return -ENOMEM;
    int err = doctor_print_json(report, to);
    if (fclose(to) != 0 && err == 0)
        err = -ENOMEM;
    if (err == 0)
        collector_add(l->collector, "/.espelho/report.json", text, len_bytes);
    free(text);
    return err;
}

static int write_collection(struct look *l, const struct doctor_report *report)
{
    char host[64] = "";
    gethostname(host, sizeof(host) - 1);
    if (l->xml)
        collector_add(l->collector, VM_FIND_SAVED_XML, l->xml, strlen(l->xml));
    int err = add_report(l, report);
    if (err == 0)
        err = collector_write(l->collector, l->options->collect, l->machine->user.name, host);
    if (err < 0)
        return did_not_look(l->options->collect, err);
    fprintf(stderr,
            _("Wrote %s. Look at it before you give it away: it tells of this computer's "
              "devices and of the VM.\n"),
            l->options->collect);
    return DOCTOR_OK;
}

static int look(struct look *l)
{
    int status = prepare(l);
    if (status != DOCTOR_OK)
        return status;
    const struct doctor_facts facts = { .root = l->root,
                                        .machine = l->machine,
                                        .vm = l->vm,
                                        .vm_problem = l->vm_problem,
                                        .probes = l->probes.ctx ? &l->probes : NULL,
                                        .viewer = l->options->root ? NULL : &l->viewer };
    struct doctor_report *report;
    int err = doctor_run(&facts, l->options->check, &report);
    if (err < 0)
        return did_not_look(l->options->check ? l->options->check : "doctor", err);
    err = print(l->options, report);
    status = err < 0 ? did_not_look("doctor", err) : exit_status(report);
    if (l->collector && write_collection(l, report) != DOCTOR_OK)
        status = DOCTOR_DID_NOT_LOOK;
    doctor_report_free(report);
    return status;
}

static int unknown_check(const char *id)
{
    command_fail(&command_doctor,
                 _("there is no check '%s'; `espelho doctor --all --json` lists "
                   "them"),
                 id);
    return DOCTOR_DID_NOT_LOOK;
}

static int run_doctor(const struct doctor_options *o)
{
    const char *id = o->explain ? o->explain : o->check;
    if (id && !doctor_knows(id))
        return unknown_check(id);
    if (o->explain)
        return doctor_explain(o->explain, stdout) < 0 ? unknown_check(o->explain) : DOCTOR_OK;
    struct look l = { .options = o };
    const int status = look(&l);
    vm_free(l.vm);
    free(l.xml);
    free(l.vm_problem);
    machine_free(l.machine);
    doctor_probes_fini(&l.probes);
    client_options_free(&l.settings);
    collector_destroy(l.collector);
    root_close(l.root);
    return status;
}

static int run(int argc, char **argv)
{
    struct doctor_options options;
    int words;
    int status = command_parse(&command_doctor, argc, argv, &options, NULL, &words);
    status = status == COMMAND_OK ? run_doctor(&options) : DOCTOR_DID_NOT_LOOK;
    options_free(&doctor_table, &options);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = N_("what is wrong with this machine, and how to mend it"),
    .words_text = "",
    .help =
        N_("Looks at processor, firmware, graphics cards, libvirt, the VM's definition, shared "
           "memory, the desktop\n"
           "and the guest, and says in plain words what is wrong, why it matters and what to do. "
           "Changes nothing.\n"
           "Exit status: 0 all in order, 1 warnings, 2 failures, 3 it could not look.\n"),
    .words = COMMAND_WORDS_NONE,
    .options = &doctor_table,
    .run = run,
};

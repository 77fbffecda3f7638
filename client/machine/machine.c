/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine_private.h"

enum { PARAMETERS_MAX = 1024 };

void copy_shown(const char *text, size_t len_bytes, char *out, size_t cap)
{
    const size_t len = len_bytes < cap ? len_bytes : cap - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
    out[len] = '\0';
}

/* ---- the command line of the kernel ---- */

/* The next parameter within `*at`, as the kernel parts them: spaces within double quotes do not
 * count. Empty at the end. */
static size_t next_parameter(const char **at)
{
    *at += strspn(*at, " \t\n");
    size_t len = 0;
    for (bool quoted = false; (*at)[len] && (quoted || !strchr(" \t\n", (*at)[len])); len++)
        quoted ^= (*at)[len] == '"';
    return len;
}

static int load_parameters(struct machine *m)
{
    autofree char *text = NULL;
    const int err = root_read(m->root, "/proc/cmdline", &text, NULL);
    if (err < 0)
        return err;
    m->parameters = calloc(PARAMETERS_MAX, sizeof(*m->parameters));
    if (!m->parameters)
        return -ENOMEM;
    const char *at = text;
    size_t len;
    while (m->parameter_count < PARAMETERS_MAX && (len = next_parameter(&at)) > 0) {
        char *const parameter = malloc(len + 1);
        if (!parameter)
            return -ENOMEM;
        copy_shown(at, len, parameter, len + 1);
        m->parameters[m->parameter_count++] = parameter;
        at += len;
    }
    return 0;
}

/* Where the value begins if the parameter has this name; the kernel takes '-' and '_' as one. */
static const char *value_of(const char *parameter, const char *name)
{
    for (; *name; name++, parameter++) {
        const char p = *parameter == '-' ? '_' : *parameter, n = *name == '-' ? '_' : *name;
        if (p != n)
            return NULL;
    }
    return *parameter == '=' ? parameter + 1 : *parameter == '\0' ? parameter : NULL;
}

const char *machine_parameter(const struct machine *m, const char *name)
{
    for (size_t i = m->parameter_count; i-- > 0;) {
        const char *const value = value_of(m->parameters[i], name);
        if (value)
            return value;
    }
    return NULL;
}

/* ---- the user ---- */

static char *output_of(struct root *root, const char *option)
{
    char *text = NULL;
    int status;
    if (root_command(root, (const char *[]){ "id", option, NULL }, &text, &status) < 0)
        return NULL;
    return text;
}

static void load_groups(struct root *root, struct machine_user *user)
{
    autofree char *text = output_of(root, "-Gn");
    const char *at = text ? text : "";
    while (user->group_count < ARRAY_LEN(user->groups)) {
        at += strspn(at, " \n");
        const size_t len = strcspn(at, " \n");
        if (len == 0)
            return;
        copy_shown(at, len, user->groups[user->group_count++], sizeof(user->groups[0]));
        at += len;
    }
}

static void load_user(struct root *root, struct machine_user *user)
{
    autofree char *number = output_of(root, "-u"), *name = output_of(root, "-un");
    user->uid = number ? (uint32_t)strtoul(number, NULL, 10) : UINT32_MAX;
    if (name)
        copy_shown(name, strcspn(name, "\n"), user->name, sizeof(user->name));
    load_groups(root, user);
}

bool machine_user_is_in(const struct machine *m, const char *group)
{
    for (size_t i = 0; i < m->user.group_count; i++)
        if (strcmp(m->user.groups[i], group) == 0)
            return true;
    return false;
}

/* ---- all ---- */

/* Keeps an error that is no lack of memory: that part is empty then. */
static int part(int err, int *kept)
{
    *kept = err;
    return err == -ENOMEM ? err : 0;
}

static int load_parts(struct machine *m)
{
    int err = part(load_parameters(m), &m->parameters_err);
    if (err == 0)
        err = part(distro_load(m), &m->distro_err);
    if (err == 0)
        err = part(cpu_load(m->root, &m->cpu), &m->cpu_err);
    if (err == 0)
        err = part(pci_load(m->root, &m->pci, &m->pci_count), &m->pci_err);
    return err;
}

int machine_load(struct root *root, struct machine **out)
{
    struct machine *m = calloc(1, sizeof(*m));
    if (!m)
        return -ENOMEM;
    m->root = root;
    const int err = load_parts(m);
    if (err < 0) {
        machine_free(m);
        return err;
    }
    if (root_read_line(root, "/proc/sys/kernel/osrelease", m->kernel_release,
                       sizeof(m->kernel_release)) < 0)
        m->kernel_release[0] = '\0';
    load_user(root, &m->user);
    *out = m;
    return 0;
}

void machine_free(struct machine *machine)
{
    if (!machine)
        return;
    for (size_t i = 0; i < machine->parameter_count; i++)
        free(machine->parameters[i]);
    free(machine->parameters);
    cpu_free(&machine->cpu);
    free(machine->pci);
    free(machine);
}

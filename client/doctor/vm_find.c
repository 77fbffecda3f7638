/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/vm_find.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#define DEFAULT_URI "qemu:///system"

struct search {
    struct root *root;
    const char *uri;
    struct vm *vm;
    char *xml, *problem;
};

static int fail(struct search *s, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Only the first problem is told. */
static int fail(struct search *s, int err, const char *fmt, ...)
{
    va_list args;
    if (s->problem)
        return err;
    va_start(args, fmt);
    if (vasprintf(&s->problem, fmt, args) < 0)
        s->problem = NULL;
    va_end(args);
    return s->problem ? err : -ENOMEM;
}

/* Keeps the text. */
static int take_xml(struct search *s, char *xml, size_t len_bytes, const char *source)
{
    struct vm_problem why = { .message = "" };
    const int err = vm_from_xml(xml, len_bytes, source, &s->vm, &why);
    if (err < 0) {
        free(xml);
        return fail(s, err, "%s", why.message);
    }
    s->xml = xml;
    return 0;
}

static int from_file(struct search *s, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(s, -errno, _("%s cannot be read: %s."), path, err_str(errno));
    char *xml = malloc(VM_XML_MAX_BYTES + 1);
    const size_t len_bytes = xml ? fread(xml, 1, VM_XML_MAX_BYTES + 1, file) : 0;
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (!xml || failed) {
        free(xml);
        return fail(s, xml ? -EIO : -ENOMEM, _("%s cannot be read."), path);
    }
    if (len_bytes > VM_XML_MAX_BYTES) {
        free(xml);
        return fail(s, -EFBIG, _("%s is too long to be the definition of a VM."), path);
    }
    xml[len_bytes] = '\0';
    return take_xml(s, xml, len_bytes, path);
}

/* virsh -r: without asking anybody. */
static int run_virsh(struct search *s, const char *what, const char *word, char **text)
{
    int status = 0;
    const char *const argv[] = { "virsh", "-r", "-c", s->uri, what, word, NULL };
    const int err = root_command(s->root, argv, text, &status);
    if (err < 0 || status == 0)
        return err;
    free(*text);
    *text = NULL;
    return -EPROTO;
}

static int from_domain(struct search *s, const char *name)
{
    char *xml = NULL, source[VM_PATH];
    const int err = run_virsh(s, "dumpxml", name, &xml);
    if (err == -ENOENT)
        return fail(s, err, _("virsh is not there, so libvirt cannot be asked about the VM %s."),
                    name);
    if (err < 0)
        return fail(s, err,
                    _("libvirt (%s) does not know a VM named %s, or does not answer: try `virsh -c "
                      "%s list --all`."),
                    s->uri, name, s->uri);
    snprintf(source, sizeof(source), "libvirt %s", s->uri);
    return take_xml(s, xml, strlen(xml), source);
}

/* ---- processes ---- */

static bool is_number(const char *name)
{
    return name[0] && strspn(name, "0123456789") == strlen(name);
}

static bool is_qemu(struct root *root, const char *pid)
{
    char path[64], name[64];
    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    return root_read_line(root, path, name, sizeof(name)) == 0 &&
           (strncmp(name, "qemu-system", 11) == 0 || strncmp(name, "qemu-kvm", 8) == 0);
}

/* The first QEMU's; its number is written to `pid`. */
static bool find_process(struct root *root, char *pid, size_t cap)
{
    autofree struct root_names *names = NULL;
    if (root_list(root, "/proc", &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        if (!is_number(names->name[i]) || strlen(names->name[i]) >= cap ||
            !is_qemu(root, names->name[i]))
            continue;
        snprintf(pid, cap, "%s", names->name[i]);
        return true;
    }
    return false;
}

static int from_process(struct search *s)
{
    char pid[24], path[64], source[64];
    autofree char *words = NULL;
    size_t len_bytes = 0;
    struct vm_problem why = { .message = "" };
    if (!find_process(s->root, pid, sizeof(pid)))
        return -ENOENT;
    snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
    snprintf(source, sizeof(source), _("process %s"), pid);
    int err = root_read(s->root, path, &words, &len_bytes);
    if (err == 0)
        err = vm_from_command_line(words, len_bytes, source, &s->vm, &why);
    return err;
}

/* What libvirt started is known better by libvirt. */
static int from_running(struct search *s)
{
    const int err = from_process(s);
    if (err < 0 || !s->vm || !s->vm->name[0])
        return err;
    struct vm *of_process = s->vm;
    s->vm = NULL;
    if (from_domain(s, of_process->name) == 0) {
        vm_free(of_process);
        return 0;
    }
    free(s->problem);
    s->problem = NULL;
    s->vm = of_process;
    return 0;
}

/* ---- all that libvirt knows ---- */

static size_t count_names(char *text, char *names[], size_t cap)
{
    size_t count = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        if (!*line)
            continue;
        if (count < cap)
            names[count] = line;
        count++;
    }
    return count;
}

static int from_only_domain(struct search *s)
{
    int status = 0;
    autofree char *text = NULL;
    char *names[8];
    const char *const argv[] = { "virsh", "-r", "-c", s->uri, "list", "--all", "--name", NULL };
    if (root_command(s->root, argv, &text, &status) < 0 || status != 0)
        return -ENOENT;
    const size_t count = count_names(text, names, ARRAY_LEN(names));
    if (count == 0)
        return fail(s, -ENOENT,
                    _("There is no VM yet; make one in virt-manager, then run `espelho doctor` "
                      "again."));
    if (count == 1)
        return from_domain(s, names[0]);
    return fail(s, -ENOENT,
                _("There are several VMs (%s, %s%s); say which one by `espelho doctor --domain "
                  "%s`."),
                names[0], names[1], count > 2 ? ", ..." : "", names[0]);
}

static int from_tree(struct search *s)
{
    char *xml = NULL;
    size_t len_bytes = 0;
    if (root_is_live(s->root) || root_read(s->root, VM_FIND_SAVED_XML, &xml, &len_bytes) < 0)
        return -ENOENT;
    return take_xml(s, xml, len_bytes, _("saved tree"));
}

static int search(struct search *s, const struct vm_wish *wish)
{
    if (wish->xml)
        return from_file(s, wish->xml);
    if (wish->domain)
        return from_domain(s, wish->domain);
    int err = from_tree(s);
    if (err < 0)
        err = from_running(s);
    if (err < 0)
        err = from_only_domain(s);
    if (err < 0)
        return fail(
            s, err,
            _("No VM was named and none runs, so its definition was not looked at: `espelho "
              "doctor --domain NAME`, with a name from `virsh list --all`, or `--xml "
              "FILE`."));
    return 0;
}

int vm_find(struct root *root, const struct vm_wish *wish, struct vm **out, char **xml,
            char **problem)
{
    struct search s = { .root = root, .uri = wish->uri ? wish->uri : DEFAULT_URI };
    const int err = search(&s, wish);
    if (err < 0) {
        free(s.xml);
        *problem = s.problem;
        return err;
    }
    *out = s.vm;
    *xml = s.xml;
    free(s.problem);
    return 0;
}

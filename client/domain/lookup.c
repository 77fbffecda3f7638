/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/domain.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/text.h"
#include "domain/problem.h"

#define LIBRARY "libvirt.so.0"
enum { KNOWN_MAX = 8 }; /* names told when one is not found */

/* Pointers to the functions of the same names; types are those of libvirt's headers. */
#define LIBVIRT_CALLS(X)                                                                           \
    X(virConnectOpen)                                                                              \
    X(virConnectOpenReadOnly)                                                                      \
    X(virConnectClose)                                                                             \
    X(virConnectListAllDomains)                                                                    \
    X(virDomainLookupByName)                                                                       \
    X(virDomainLookupByUUIDString)                                                                 \
    X(virDomainIsActive)                                                                           \
    X(virDomainGetName)                                                                            \
    X(virDomainGetXMLDesc)                                                                         \
    X(virDomainFree)                                                                               \
    X(virGetLastErrorMessage)                                                                      \
    X(virSetErrorFunc)

struct libvirt {
    void *library; /* never unloaded: it starts threads and keeps per-thread data */
#define DECLARE(name) __typeof__(name) *(name);
    LIBVIRT_CALLS(DECLARE)
#undef DECLARE
};

struct lookup {
    struct libvirt v;
    const char *uri, *name;
    struct domain_problem *problem;
};

static int load(struct lookup *l)
{
    l->v.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!l->v.library) {
        (void)domain_problem_set(l->problem, DOMAIN_FAULT_NO_LIBRARY, -ENOENT,
                                 _("libvirt is not installed here, so the domain '%s' cannot be "
                                   "looked up (%s). Install the package libvirt0 or libvirt-libs, "
                                   "or give the SPICE address and the shared memory yourself"),
                                 l->name, dlerror());
        return -ENOENT;
    }
    bool complete = true;
#define FIND(name)                                                                                 \
    *(void **)&l->v.name = dlsym(l->v.library, #name);                                             \
    complete = complete && l->v.name;
    LIBVIRT_CALLS(FIND)
#undef FIND
    if (!complete) {
        (void)domain_problem_set(l->problem, DOMAIN_FAULT_NO_LIBRARY, -ENOENT,
                                 _("The libvirt library here is too old: %s"), dlerror());
        return -ENOENT;
    }
    return 0;
}

/* Errors are asked for where they matter; libvirt would print them. */
static void be_quiet(void *ctx, virErrorPtr error)
{
    (void)ctx;
    (void)error;
}

/* Edits from a to b, case not counting; `far` when they are too long to tell. */
static unsigned distance(const char *a, const char *b)
{
    enum { LONGEST = 63, FAR = 1000 };
    const size_t len_a = strlen(a), len_b = strlen(b);
    if (len_a > LONGEST || len_b > LONGEST)
        return FAR;
    unsigned row[LONGEST + 1];
    for (size_t j = 0; j <= len_b; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= len_a; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= len_b; j++) {
            const bool same = strncasecmp(a + i - 1, b + j - 1, 1) == 0;
            unsigned best = diagonal + (same ? 0 : 1);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[len_b];
}

struct known {
    const char *name; /* owned by its domain */
    unsigned distance;
};

static int nearer(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* "'a', 'b'", the nearest first. */
static void name_known(const struct lookup *l, virDomainPtr *domains, size_t count, char *out,
                       size_t out_bytes)
{
    struct known *known = calloc(count + 1, sizeof(*known));
    size_t used = 0, listed = 0;
    out[0] = '\0';
    for (size_t i = 0; known && i < count; i++) {
        const char *const name = l->v.virDomainGetName(domains[i]);
        if (name)
            known[listed++] = (struct known){ name, distance(l->name, name) };
    }
    if (listed > 0)
        qsort(known, listed, sizeof(*known), nearer);
    for (size_t i = 0; i < listed && i < KNOWN_MAX && used < out_bytes; i++)
        used += (size_t)snprintf(out + used, out_bytes - used, "%s'%s'", i == 0 ? "" : ", ",
                                 known[i].name);
    free(known);
}

static int no_domain(const struct lookup *l, virConnectPtr connection)
{
    char names[400] = "";
    virDomainPtr *domains = NULL;
    const int count = l->v.virConnectListAllDomains(connection, &domains, 0);
    if (count > 0)
        name_known(l, domains, (size_t)count, names, sizeof(names));
    for (int i = 0; i < count; i++)
        l->v.virDomainFree(domains[i]);
    free(domains);
    if (count == 0)
        return domain_problem_set(l->problem, DOMAIN_FAULT_NO_DOMAIN, -ENOENT,
                                  _("libvirt at %s has no domain '%s'. It has none at all; another "
                                    "user's or the system's domains are at another URI "
                                    "(app:libvirtUri)"),
                                  l->uri, l->name);
    return domain_problem_set(l->problem, DOMAIN_FAULT_NO_DOMAIN, -ENOENT,
                              names[0] ? _("libvirt at %s has no domain '%s'. It knows %s")
                                       : _("libvirt at %s has no domain '%s'"),
                              l->uri, l->name, names);
}

static int parse_described(const struct lookup *l, virDomainPtr domain, unsigned flags,
                           struct domain_info *out)
{
    char *xml = l->v.virDomainGetXMLDesc(domain, flags);
    if (!xml)
        return domain_problem_set(l->problem, DOMAIN_FAULT_CONNECTION, -ENOENT,
                                  _("libvirt does not describe the domain '%s': %s"), l->name,
                                  l->v.virGetLastErrorMessage());
    const size_t len_bytes = strlen(xml);
    const int err = domain_from_xml(xml, len_bytes, out, l->problem);
    explicit_bzero(xml, len_bytes);
    free(xml);
    return err;
}

static virDomainPtr find(const struct lookup *l, virConnectPtr connection)
{
    virDomainPtr domain = l->v.virDomainLookupByName(connection, l->name);
    return domain ? domain : l->v.virDomainLookupByUUIDString(connection, l->name);
}

static int describe_running(const struct lookup *l, virConnectPtr connection,
                            struct domain_info *out)
{
    virDomainPtr domain = find(l, connection);
    if (!domain)
        return no_domain(l, connection);
    int err;
    if (l->v.virDomainIsActive(domain) == 0)
        err =
            domain_problem_set(l->problem, DOMAIN_FAULT_NOT_RUNNING, -EAGAIN,
                               _("The domain '%s' is not running. Start it: virsh -c %s start %s"),
                               l->name, l->uri, l->name);
    else
        err = parse_described(l, domain, 0, out);
    l->v.virDomainFree(domain);
    return err;
}

/* Without a right to, or without a password: nothing happens. */
static void fetch_password(const struct lookup *l, struct domain_info *info)
{
    const struct lookup quiet = { .v = l->v, .uri = l->uri, .name = l->name };
    virConnectPtr connection = l->v.virConnectOpen(l->uri);
    if (!connection)
        return;
    virDomainPtr domain = find(l, connection);
    struct domain_info secret;
    if (domain && parse_described(&quiet, domain, VIR_DOMAIN_XML_SECURE, &secret) == 0) {
        memcpy(info->spice.password, secret.spice.password, sizeof(info->spice.password));
        domain_info_wipe(&secret);
    }
    if (domain)
        l->v.virDomainFree(domain);
    l->v.virConnectClose(connection);
}

int domain_lookup(const char *uri, const char *name, bool want_password, struct domain_info *out,
                  struct domain_problem *problem)
{
    struct lookup l = { .uri = uri, .name = name, .problem = problem };
    int err = load(&l);
    if (err < 0)
        return err;
    l.v.virSetErrorFunc(NULL, be_quiet);
    virConnectPtr connection = l.v.virConnectOpenReadOnly(uri);
    if (!connection)
        return domain_problem_set(problem, DOMAIN_FAULT_CONNECTION, -ENOENT,
                                  _("libvirt at %s cannot be asked about the domain '%s': %s"), uri,
                                  name, l.v.virGetLastErrorMessage());
    struct domain_info info = { 0 };
    err = describe_running(&l, connection, &info);
    if (err == 0 && want_password && info.spice.kind != DOMAIN_SPICE_NONE)
        fetch_password(&l, &info);
    l.v.virConnectClose(connection);
    if (err < 0)
        return err;
    *out = info;
    domain_info_wipe(&info);
    return 0;
}

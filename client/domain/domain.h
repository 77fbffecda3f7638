/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/domain/domain.h - what libvirt knows of a VM: where its SPICE server listens and where its
 * shared memory is. Understands libvirt's own elements and <qemu:commandline>.
 *
 * The XML is untrusted text (a file, a remote libvirt): bounded, no network, no entities, and every
 * value is checked before it is copied. libvirt's library is loaded when a domain is looked up, and
 * not needed for domain_from_xml(). Threads: any one thread, before other threads exist (libvirt
 * and libxml2 set themselves up); domain_lookup() blocks for as long as libvirt takes. */
#ifndef ESPELHO_DOMAIN_DOMAIN_H
#define ESPELHO_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    DOMAIN_XML_MAX_BYTES = 4 << 20,
    DOMAIN_PATH_BYTES = 512, /* with the NUL, as all of these */
    DOMAIN_NAME_BYTES = 256,
    DOMAIN_PASSWORD_BYTES = 128,
};

enum domain_spice_kind {
    DOMAIN_SPICE_NONE,      /* the domain has no SPICE server */
    DOMAIN_SPICE_NO_SOCKET, /* it has one that listens nowhere: not running, or listen type none */
    DOMAIN_SPICE_UNIX,
    DOMAIN_SPICE_TCP,
};

enum domain_memory_kind {
    DOMAIN_MEMORY_NONE,
    DOMAIN_MEMORY_FILE,   /* `path` is mapped: a file in /dev/shm, or /dev/kvmfrN */
    DOMAIN_MEMORY_SOCKET, /* `path` is the socket of an ivshmem server (ivshmem-doorbell) */
};

/* Plain data; texts are "" where unknown. Give it to domain_info_wipe() when done. */
struct domain_info {
    char name[DOMAIN_NAME_BYTES];
    bool has_uuid;
    uint8_t uuid[16]; /* in the order in which it is written (RFC 4122) */
    struct {
        enum domain_spice_kind kind;
        char socket_path[DOMAIN_PATH_BYTES];  /* UNIX */
        char host[DOMAIN_NAME_BYTES];         /* TCP: name or address, never a wildcard */
        uint16_t port, tls_port;              /* TCP: 0: none; not both 0 */
        char password[DOMAIN_PASSWORD_BYTES]; /* "": none, or not told */
    } spice;
    struct {
        enum domain_memory_kind kind;
        char path[DOMAIN_PATH_BYTES];
    } memory; /* of several the first one called looking-glass or kvmfr, else the first one */
};

enum domain_fault {
    DOMAIN_FAULT_NONE,
    DOMAIN_FAULT_XML,         /* not XML, not a domain, too large, a value out of range */
    DOMAIN_FAULT_NO_LIBRARY,  /* libvirt.so.0 is not installed */
    DOMAIN_FAULT_CONNECTION,  /* libvirt does not answer, or this user may not ask */
    DOMAIN_FAULT_NO_DOMAIN,   /* of that name or UUID */
    DOMAIN_FAULT_NOT_RUNNING, /* there, but without addresses */
    DOMAIN_FAULT_SYSTEM,      /* out of memory */
};

/* What went wrong, for a person: what, where and what to do. */
struct domain_problem {
    enum domain_fault fault;
    char message[768];
};

/* Reads a domain's XML as `virsh dumpxml` prints it; `xml` needs no NUL. A domain without SPICE or
 * without shared memory is no error. 0; -EPROTO or -ENOMEM with *problem (may be NULL). */
int domain_from_xml(const char *xml, size_t len_bytes, struct domain_info *out,
                    struct domain_problem *problem) MUST_CHECK;

/* Asks libvirt at `uri` ("qemu:///system") for the running domain `name`, a name or a UUID. The
 * connection is read-only. With `want_password` a second, read-write one is tried afterwards, since
 * libvirt tells a password only there; where that is not allowed, the password stays "".
 * 0; -ENOENT (library, connection or domain), -EAGAIN (not running), -EPROTO, -ENOMEM with *problem
 * (may be NULL). */
int domain_lookup(const char *uri, const char *name, bool want_password, struct domain_info *out,
                  struct domain_problem *problem) MUST_CHECK;

/* Overwrites the password. */
void domain_info_wipe(struct domain_info *info);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/file_transfer.h - sends files to the guest's agent, which puts them where it
 * likes (usually on the desktop or among the downloads of who is logged in).
 *
 * Only regular files; symbolic links are followed, since it is the thing behind the link that a
 * person drags. A file is opened when it is given, and its size then is the size that is sent: one
 * that shrinks meanwhile fails, one that grows is cut there. The guest gets the last part of the
 * name, without what could mean something to its file system or to the key file.
 * Reading never waits for a disk where the file system can do without; the input thread has keys to
 * send. At most FILE_TRANSFER_ACTIVE go on at the same time, the others wait.
 * Threads: the loop's (input) thread. The agent is hostile: what it says about files that are not
 * on their way is ignored. */
#ifndef ESPELHO_CLIPBOARD_FILE_TRANSFER_H
#define ESPELHO_CLIPBOARD_FILE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "clipboard/report.h"
#include "loop/loop.h"
#include "spice/agent.h"

struct file_transfer;

#define FILE_TRANSFER_MAX        128u /* files at once */
#define FILE_TRANSFER_ACTIVE     4u
#define FILE_TRANSFER_NAME_BYTES 256u
#define FILE_TRANSFER_TIMEOUT_MS 30000u

/* `timeout_ms` of an agent that does not go on; 0: FILE_TRANSFER_TIMEOUT_MS. */
int file_transfer_create(struct loop *loop, struct spice_agent *agent, uint32_t timeout_ms,
                         const struct transfer_listener *listener,
                         struct file_transfer **out) MUST_CHECK;
void file_transfer_destroy(struct file_transfer *transfer); /* NULL is fine */

/* Adds them to what is going on. What cannot be sent is told to the listener. */
void file_transfer_send(struct file_transfer *transfer, char *const *paths, size_t count);
bool file_transfer_busy(const struct file_transfer *transfer);
void file_transfer_cancel(struct file_transfer *transfer); /* all of them */

/* From the agent: see struct spice_agent_listener. */
void file_transfer_on_ready(struct file_transfer *transfer, bool ready);
void file_transfer_on_status(struct file_transfer *transfer, uint32_t id, uint32_t result,
                             const uint8_t *detail, size_t detail_bytes);
void file_transfer_on_room(struct file_transfer *transfer);

/* The name the guest gets for a path: valid UTF-8, no separators, no control characters, nothing
 * that Windows forbids in names. Public for its tests. */
void file_transfer_name(const char *path, char out[FILE_TRANSFER_NAME_BYTES]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/mic_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char *const words[] = { [MIC_ANSWER_ALLOW] = "allow ", [MIC_ANSWER_DENY] = "deny " };

struct line {
    enum mic_answer answer; /* NONE: not one of ours */
    const char *key;
    size_t key_bytes;
};

static bool key_ok(const char *key, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
            return false;
    }
    return bytes > 0 && bytes <= 200;
}

/* Takes one line off the text. */
static struct line next_line(const char **text, size_t *bytes)
{
    const char *at = *text, *newline = memchr(at, '\n', *bytes);
    const size_t length = newline ? (size_t)(newline - at) : *bytes;
    *text += newline ? length + 1 : length;
    *bytes -= newline ? length + 1 : length;
    for (enum mic_answer a = MIC_ANSWER_ALLOW; a <= MIC_ANSWER_DENY; a++) {
        const size_t word = strlen(words[a]);
        if (length > word && memcmp(at, words[a], word) == 0 && key_ok(at + word, length - word))
            return (struct line){ .answer = a, .key = at + word, .key_bytes = length - word };
    }
    return (struct line){ 0 };
}

static bool is_about(const struct line *line, const char *key)
{
    return line->answer != MIC_ANSWER_NONE && line->key_bytes == strlen(key) &&
           memcmp(line->key, key, line->key_bytes) == 0;
}

enum mic_answer mic_memory_find(const char *text, size_t bytes, const char *key)
{
    enum mic_answer found = MIC_ANSWER_NONE;
    while (bytes > 0) {
        const struct line line = next_line(&text, &bytes);
        if (is_about(&line, key))
            found = line.answer;
    }
    return found;
}

static size_t count_others(const char *text, size_t bytes, const char *key)
{
    size_t count = 0;
    while (bytes > 0) {
        const struct line line = next_line(&text, &bytes);
        count += line.answer != MIC_ANSWER_NONE && !is_about(&line, key);
    }
    return count;
}

static char *put_line(char *at, enum mic_answer answer, const char *key, size_t key_bytes)
{
    const size_t word = strlen(words[answer]);
    memcpy(at, words[answer], word);
    memcpy(at + word, key, key_bytes);
    at[word + key_bytes] = '\n';
    return at + word + key_bytes + 1;
}

int mic_memory_edit(const char *text, size_t bytes, const char *key, enum mic_answer answer,
                    char **out, size_t *out_bytes)
{
    /* One byte more than the old text: its last line may lack its end. */
    char *made = malloc(bytes + 1 + strlen("allow ") + strlen(key) + 1);
    if (!made)
        return -ENOMEM;
    const size_t others = count_others(text, bytes, key);
    size_t skip = others >= MIC_MEMORY_MAX_VMS ? others - MIC_MEMORY_MAX_VMS + 1 : 0;
    char *at = made;
    while (bytes > 0) {
        const struct line line = next_line(&text, &bytes);
        if (line.answer == MIC_ANSWER_NONE || is_about(&line, key))
            continue;
        if (skip > 0)
            skip--;
        else
            at = put_line(at, line.answer, line.key, line.key_bytes);
    }
    at = put_line(at, answer, key, strlen(key));
    *out = made;
    *out_bytes = (size_t)(at - made);
    return 0;
}

int mic_memory_path(char *out, size_t out_bytes)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (state && state[0] == '/')
        length = snprintf(out, out_bytes, "%s/espelho/microphone", state);
    else if (home && home[0] == '/')
        length = snprintf(out, out_bytes, "%s/.local/state/espelho/microphone", home);
    else
        return -ENOENT;
    return length < 0 || (size_t)length >= out_bytes ? -ENAMETOOLONG : 0;
}

/* The whole file, at most MIC_MEMORY_MAX_BYTES. Bytes or -errno. */
static int read_all(const char *path, char *text)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size > MIC_MEMORY_MAX_BYTES)
        return -EFBIG;
    size_t done = 0;
    while (done < MIC_MEMORY_MAX_BYTES) {
        const ssize_t n = read(fd, text + done, MIC_MEMORY_MAX_BYTES - done);
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int)done;
}

enum mic_answer mic_memory_load(const char *path, const char *key)
{
    autofree char *text = malloc(MIC_MEMORY_MAX_BYTES);
    const int bytes = text ? read_all(path, text) : -ENOMEM;
    return bytes < 0 ? MIC_ANSWER_NONE : mic_memory_find(text, (size_t)bytes, key);
}

/* The folders above `path`; those that are there stay as they are. */
static int make_folders(const char *path)
{
    char *part = strdup(path);
    if (!part)
        return -ENOMEM;
    int err = 0;
    for (char *slash = strchr(part + 1, '/'); !err && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            err = -errno;
        *slash = '/';
    }
    free(part);
    return err;
}

static int write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t n = write(fd, text, bytes);
        if (n < 0)
            return -errno;
        text += n;
        bytes -= (size_t)n;
    }
    return 0;
}

static int replace_file(const char *path, const char *text, size_t bytes)
{
    autofree char *fresh = NULL;
    if (asprintf(&fresh, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    autoclose int fd = mkostemp(fresh, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return -errno;
    int err = write_all(fd, text, bytes);
    if (err == 0 && rename(fresh, path) < 0)
        err = -errno;
    if (err < 0)
        (void)unlink(fresh);
    return err;
}

/* `old` has room for the whole file. */
static int edit_file(const char *path, const char *key, enum mic_answer answer, char *old)
{
    int bytes = read_all(path, old);
    if (bytes == -ENOENT)
        bytes = 0;
    int err = bytes < 0 ? bytes : make_folders(path);
    if (err < 0)
        return err;
    char *text;
    size_t text_bytes;
    err = mic_memory_edit(old, (size_t)bytes, key, answer, &text, &text_bytes);
    if (err < 0)
        return err;
    err = replace_file(path, text, text_bytes);
    free(text);
    return err;
}

int mic_memory_store(const char *path, const char *key, enum mic_answer answer)
{
    if (!key_ok(key, strlen(key)) || answer == MIC_ANSWER_NONE)
        return -EINVAL;
    char *old = malloc(MIC_MEMORY_MAX_BYTES);
    if (!old)
        return -ENOMEM;
    const int err = edit_file(path, key, answer, old);
    free(old);
    return err;
}

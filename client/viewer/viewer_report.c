/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "viewer/viewer_report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"

static const char *picture_name(enum source_switch_active active)
{
    static const char *const names[] = { [SOURCE_SWITCH_ACTIVE_NONE] = "none",
                                         [SOURCE_SWITCH_ACTIVE_RELAY] = "relay",
                                         [SOURCE_SWITCH_ACTIVE_SPICE] = "spice" };
    return names[active];
}

/* For programs, and a line of the figures. */
static const struct {
    const char *name, *line;
} spice_states[] = {
    [SPICE_SESSION_NONE] = { "off", N_("\nSPICE     off") },
    [SPICE_SESSION_CONNECTING] = { "connecting", N_("\nSPICE     connecting") },
    [SPICE_SESSION_UP] = { "up", N_("\nSPICE     connected") },
    [SPICE_SESSION_WAITING] = { "waiting", N_("\nSPICE     waiting") },
    [SPICE_SESSION_REFUSED] = { "refused", N_("\nSPICE     refused") },
};

static double us(uint64_t ns)
{
    return (double)ns / (double)NS_PER_US;
}

static double ms(uint64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

/* Adds to what `text` holds; what does not fit is cut off. */
PRINTF_LIKE(3, 4) static void add(char *text, size_t text_bytes, const char *fmt, ...)
{
    const size_t used = strlen(text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + used, text_bytes - used, fmt, args);
    va_end(args);
}

static void add_sound(const struct guest_audio_stats *a, char *text, size_t text_bytes)
{
    if (!a->connected)
        add(text, text_bytes, _("\nsound     no PipeWire"));
    else if (!a->playing)
        add(text, text_bytes, _("\nsound     silent"));
    else
        add(text, text_bytes,
            _("\nsound     %.0f ms, %.0f wanted, %" PRIu64 " gaps, drift %+.0f ppm"), a->latency_ms,
            a->jitter.target_ms, a->jitter.underruns, a->jitter.drift_ppm);
}

void viewer_report_text(const struct viewer_stats *s, char *text, size_t text_bytes)
{
    text[0] = '\0';
    if (s->active == SOURCE_SWITCH_ACTIVE_NONE)
        add(text, text_bytes, "%s", _("picture   none"));
    else
        add(text, text_bytes, _("picture   %s by %s, %" PRIu64 " shown"), picture_name(s->active),
            s->renderer_name ? s->renderer_name : "-", s->frames_shown);
    if (s->source.interval_ns)
        add(text, text_bytes, _(", every %s ms"), DECIMAL(ms(s->source.interval_ns), 2));
    if (s->renderer.import_state[0])
        add(text, text_bytes, _("\nimport    %s"), s->renderer.import_state);
    if (s->renderer.direct_state[0])
        add(text, text_bytes, _("\ndirect    %s"), s->renderer.direct_state);
    add(text, text_bytes, _("\nlatency   %s ms to commit"), DECIMAL(ms(s->notice_to_commit_ns), 2));
    if (s->commit_to_present_ns)
        add(text, text_bytes, _(", %s ms to the screen"), DECIMAL(ms(s->commit_to_present_ns), 2));
    const struct viewer_stage *total = &s->stages[LATENCY_TOTAL];
    if (total->known)
        add(text, text_bytes, _("\nfrom host %s ms to the screen, p99 %s ms"),
            DECIMAL(ms(total->median_ns), 2), DECIMAL(ms(total->p99_ns), 2));
    if (s->source.wait_name)
        add(text, text_bytes, _("\nwaiting   %s; %s"), s->source.wait_name,
            source_bell_text(s->source.bell));
    if (s->source.frame_buffers)
        add(text, text_bytes, _(", %" PRIu32 " frame buffers"), s->source.frame_buffers);
    add(text, text_bytes, "%s", _(spice_states[s->spice.state].line));
    if (s->has_audio)
        add_sound(&s->audio, text, text_bytes);
}

static void add_audio(const struct guest_audio_stats *a, cJSON *object)
{
    cJSON *audio = cJSON_AddObjectToObject(object, "sound");
    if (!audio)
        return;
    cJSON_AddBoolToObject(audio, "pipewire", a->connected);
    cJSON_AddBoolToObject(audio, "playing", a->playing);
    cJSON_AddNumberToObject(audio, "rate_hz", a->rate_hz);
    cJSON_AddNumberToObject(audio, "channels", a->channels);
    cJSON_AddNumberToObject(audio, "target_ms", a->jitter.target_ms);
    cJSON_AddNumberToObject(audio, "latency_ms", a->latency_ms);
    cJSON_AddNumberToObject(audio, "underruns", (double)a->jitter.underruns);
    cJSON_AddNumberToObject(audio, "drift_ppm", a->jitter.drift_ppm);
    cJSON_AddBoolToObject(audio, "microphone", a->mic_active);
}

static void add_stages(const struct viewer_stats *s, cJSON *object)
{
    cJSON *stages = cJSON_AddObjectToObject(object, "stages_us");
    for (int i = 0; i < LATENCY_STAGES && stages; i++) {
        if (!s->stages[i].known)
            continue;
        cJSON *stage = cJSON_AddObjectToObject(stages, latency_stage_name((enum latency_stage)i));
        if (!stage)
            return;
        cJSON_AddNumberToObject(stage, "p50", us(s->stages[i].median_ns));
        cJSON_AddNumberToObject(stage, "p99", us(s->stages[i].p99_ns));
    }
}

static void add_waiting(const struct source_stats *s, cJSON *object)
{
    cJSON_AddStringToObject(object, "wait", s->wait_name ? s->wait_name : "none");
    cJSON_AddStringToObject(object, "doorbell", source_bell_name(s->bell));
    cJSON_AddNumberToObject(object, "frame_buffers", s->frame_buffers);
    if (s->has_clock)
        cJSON_AddNumberToObject(object, "clock_error_us", us(s->clock_error_ns));
}

/* How the frames got here, and what of them was copied by the CPU. */
static void add_copies(const struct viewer_stats *s, cJSON *object)
{
    if (s->renderer.import_state[0])
        cJSON_AddStringToObject(object, "import", s->renderer.import_state);
    if (s->renderer.direct_state[0])
        cJSON_AddStringToObject(object, "direct", s->renderer.direct_state);
    cJSON_AddNumberToObject(object, "frames_copied", (double)s->renderer.uploads);
    cJSON_AddNumberToObject(object, "bytes_copied", (double)s->renderer.upload_bytes);
    cJSON_AddNumberToObject(object, "frames_imported", (double)s->renderer.imports);
    cJSON_AddNumberToObject(object, "frames_handed_over", (double)s->renderer.directs);
    cJSON_AddNumberToObject(object, "stills_copied", (double)s->renderer.settles);
    cJSON_AddNumberToObject(object, "frames_overdue", (double)s->source.frames_overdue);
}

void viewer_report_json(const struct viewer_stats *s, cJSON *object)
{
    cJSON_AddStringToObject(object, "picture", picture_name(s->active));
    cJSON_AddStringToObject(object, "renderer", s->renderer_name ? s->renderer_name : "none");
    cJSON_AddNumberToObject(object, "frames_shown", (double)s->frames_shown);
    cJSON_AddNumberToObject(object, "publish_interval_ms", ms(s->source.interval_ns));
    cJSON_AddNumberToObject(object, "notice_to_commit_ms", ms(s->notice_to_commit_ns));
    cJSON_AddNumberToObject(object, "commit_to_present_ms", ms(s->commit_to_present_ns));
    add_waiting(&s->source, object);
    add_stages(s, object);
    add_copies(s, object);
    cJSON_AddStringToObject(object, "spice", spice_states[s->spice.state].name);
    if (s->spice.text[0])
        cJSON_AddStringToObject(object, "spice_problem", s->spice.text);
    if (s->has_audio)
        add_audio(&s->audio, object);
}

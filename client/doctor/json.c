/* SPDX-License-Identifier: GPL-2.0-or-later
 * The same for programs: keys, ids and verdicts never change with the language; sentences do. */
#include <cjson/cJSON.h>
#include <errno.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/report.h"

enum { FORMAT_VERSION = 1 };

static bool add_text(cJSON *object, const char *key, const char *text)
{
    return !text || cJSON_AddStringToObject(object, key, text);
}

static bool add_finding(cJSON *list, const struct finding *f)
{
    char page[256];
    doctor_page(f->check->id, page, sizeof(page));
    cJSON *o = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(list, o)) {
        cJSON_Delete(o);
        return false;
    }
    return add_text(o, "id", f->check->id) &&
           add_text(o, "group", check_group_id(f->check->group)) &&
           add_text(o, "verdict", verdict_id(f->verdict)) &&
           add_text(o, "title", _(f->check->title)) && add_text(o, "subject", f->subject) &&
           add_text(o, "found", f->found) && add_text(o, "why", _(f->check->why)) &&
           add_text(o, "fix", f->fix) && add_text(o, "page", page);
}

static bool add_counts(cJSON *root, const struct doctor_report *r)
{
    cJSON *counts = cJSON_AddObjectToObject(root, "counts");
    for (int v = VERDICT_OK; counts && v <= VERDICT_FAILURE; v++) {
        if (!cJSON_AddNumberToObject(counts, verdict_id((enum verdict)v), (double)r->counts[v]))
            return false;
    }
    return counts;
}

static bool fill(cJSON *root, const struct doctor_report *r)
{
    if (!cJSON_AddNumberToObject(root, "version", FORMAT_VERSION) ||
        !add_text(root, "worst", verdict_id(doctor_worst(r))) || !add_counts(root, r))
        return false;
    cJSON *list = cJSON_AddArrayToObject(root, "findings");
    for (size_t i = 0; list && i < r->findings.count; i++) {
        if (!add_finding(list, &r->findings.items[i]))
            return false;
    }
    return list;
}

int doctor_print_json(const struct doctor_report *report, FILE *to)
{
    cJSON *root = cJSON_CreateObject();
    char *text = root && fill(root, report) ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    if (!text)
        return -ENOMEM;
    fprintf(to, "%s\n", text);
    cJSON_free(text);
    return 0;
}

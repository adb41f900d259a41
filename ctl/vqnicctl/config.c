// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "ask.h"
#include "config.h"
#include "file.h"

/* Bytes of the longest configuration that vqnicd takes. */
#define CONFIG_BYTES_MAX (1 << 20)

/* ---- what is wanted ---- */

/* Reads a file, "-" being standard input, to a parameter "text". */
static int read_config(const struct session *session, const char *name, json_object *params)
{
	FILE *in = strcmp(name, "-") ? fopen(name, "re") : session->in;
	uint8_t *bytes;
	size_t len;
	int ret;

	if (!in)
		return session_fail(session, -errno, "cannot open %s: %s", name, strerror(errno));
	ret = file_read(in, CONFIG_BYTES_MAX, &bytes, &len);
	if (in != session->in)
		fclose(in);
	if (!ret)
		json_object_object_add(params, "text", json_object_new_string_len((char *)bytes, (int)len));
	free(bytes);
	return ret ? session_fail(session, ret, "cannot read %s: %s", name, strerror(-ret)) : 0;
}

static void show_change(struct out *o, size_t number, json_object *change)
{
	static const char *const keys[] = { "action", "card", "dev", "what", "pending" };
	json_object *done;

	out_open_item(o, "change", "number", number);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = answer_text(change, keys[i]);

		if (text)
			out_colored(o, keys[i], !strcmp(keys[i], "dev") ? OUT_NAME :
				    !strcmp(keys[i], "pending") ? OUT_BAD : OUT_PLAIN, text);
	}
	if (json_object_object_get_ex(change, "done", &done))
		out_bool(o, "done", json_object_get_boolean(done));
	out_close(o);
}

/* Prints changes, and returns how many of them are pending. */
static uint64_t show_changes(struct out *o, json_object *result)
{
	json_object *changes, *pending;

	out_open_array(o, "changes");
	if (json_object_object_get_ex(result, "changes", &changes) && json_object_is_type(changes, json_type_array))
		for (size_t i = 0; i < json_object_array_length(changes); i++)
			show_change(o, i, json_object_array_get_idx(changes, i));
	out_close(o);
	return json_object_object_get_ex(result, "pending", &pending) ? json_object_get_uint64(pending) : 0;
}

/* Asks for what a file would change, or for it to be so. Without one, `file` says that it is vqnicd's own. */
static int ask_of_file(const struct request *r, const struct session *session, const char *method, bool own,
		       json_object **result)
{
	json_object *params = json_object_new_object();
	int ret = 0;

	*result = NULL;
	if (r->file)
		ret = read_config(session, r->file, params);
	else if (own)
		json_object_object_add(params, "file", json_object_new_boolean(true));
	if (ret) {
		json_object_put(params);
		return ret;
	}
	ret = ask_vqnicd(session, method, params, result);
	/* As a compiler says it; its own file vqnicd has named. */
	if (ret == -EREMOTEIO && r->file) {
		char why[WHY_BYTES];

		snprintf(why, sizeof(why), "%s", session->why);
		session_fail(session, ret, "%.150s:%.350s", r->file, why);
	}
	return ret;
}

int config_diff(const struct request *request, const struct session *session, struct show *show)
{
	json_object *result;
	int ret = ask_of_file(request, session, "config.diff", false, &result);

	if (!ret)
		show_changes(show->out, result);
	json_object_put(result);
	return ret;
}

int config_apply(const struct request *request, const struct session *session, struct show *show)
{
	json_object *result;
	int ret;

	ret = ask_of_file(request, session, session->dry_run ? "config.diff" : "config.apply", true, &result);
	if (!ret && show_changes(show->out, result) && !session->dry_run)
		ret = EXIT_LATER;
	json_object_put(result);
	return ret;
}

int config_show(const struct request *request, const struct session *session, struct show *show)
{
	json_object *result;
	const char *text;
	int ret;

	(void)request;
	ret = ask_vqnicd(session, "config.get", NULL, &result);
	if (ret)
		return ret;
	text = answer_text(result, "text");
	if (!text)
		ret = session_fail(session, -ENODATA, "nothing is wanted yet: \"vqnicctl config apply FILE\" says what is");
	else if (session->format == OUT_TEXT)
		fputs(text, session->file);
	else
		out_string(show->out, "text", text);
	json_object_put(result);
	return ret;
}

/* ---- dirty pages ---- */

static void show_written(struct out *o, json_object *result)
{
	json_object *ranges, *value;

	out_open_array(o, "written");
	for (size_t i = 0; json_object_object_get_ex(result, "written", &ranges) && i < json_object_array_length(ranges);
	     i++) {
		json_object *range = json_object_array_get_idx(ranges, i);

		out_open_item(o, "range", "number", i);
		if (json_object_object_get_ex(range, "iova", &value))
			out_hex(o, "iova", json_object_get_uint64(value));
		if (json_object_object_get_ex(range, "size", &value))
			out_uint(o, "size", json_object_get_uint64(value));
		out_close(o);
	}
	out_close(o);
}

int track(const struct request *request, const struct session *session, struct show *show)
{
	static const char *const methods[] = {
		[TRACK_START] = "track.start", [TRACK_READ] = "track.read", [TRACK_STOP] = "track.stop",
	};
	json_object *params = json_object_new_object(), *result;
	int ret;

	if (request->card)
		json_object_object_add(params, "card", json_object_new_string(request->card));
	json_object_object_add(params, "dev", json_object_new_string(request->dev));
	if (request->track != TRACK_STOP) {
		json_object_object_add(params, "iova", json_object_new_uint64(request->iova));
		json_object_object_add(params, "size", json_object_new_uint64(request->size));
	}
	ret = ask_vqnicd(session, methods[request->track], params, &result);
	if (!ret && request->track == TRACK_READ)
		show_written(show->out, result);
	json_object_put(result);
	return ret;
}

// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "config.h"
#include "file.h"

/* Bytes of the longest configuration that vqnicd takes. */
#define CONFIG_BYTES_MAX (1 << 20)

__attribute__((format(printf, 3, 4)))
static int fail(const struct session *session, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(session->why, WHY_BYTES, format, args);
	va_end(args);
	return err;
}

/* ---- asking ---- */

/* Takes the result out of an answer, or why there is none. */
static int take_result(const struct session *session, json_object *answer, json_object **result)
{
	json_object *error, *message;

	if (json_object_object_get_ex(answer, "error", &error)) {
		if (!json_object_object_get_ex(error, "message", &message))
			return fail(session, -EBADMSG, "vqnicd's answer is not understood");
		return fail(session, -EREMOTEIO, "%s", json_object_get_string(message));
	}
	if (!json_object_object_get_ex(answer, "result", result))
		return fail(session, -EBADMSG, "vqnicd's answer is not understood");
	json_object_get(*result);
	return 0;
}

/* Asks vqnicd; takes over `params`, NULL being none. The caller puts *result, which may be NULL, also after an error. */
static int ask(const struct session *session, const char *method, json_object *params, json_object **result)
{
	json_object *request = json_object_new_object(), *answer;
	char *line = NULL;
	int ret;

	*result = NULL;
	json_object_object_add(request, "jsonrpc", json_object_new_string("2.0"));
	json_object_object_add(request, "id", json_object_new_int(1));
	json_object_object_add(request, "method", json_object_new_string(method));
	if (params)
		json_object_object_add(request, "params", params);
	ret = vqnic_call(session->vq, session->socket, json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN),
			 &line);
	json_object_put(request);
	if (ret == -ECONNREFUSED)
		return fail(session, ret, "%s: systemctl start vqnicd", vqnic_error(session->vq));
	if (ret)
		return ret;
	answer = json_tokener_parse(line);
	free(line);
	ret = take_result(session, answer, result);
	json_object_put(answer);
	return ret;
}

static const char *text_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

/* ---- what is wanted ---- */

/* Reads a file, "-" being standard input, to a parameter "text". */
static int read_config(const struct session *session, const char *name, json_object *params)
{
	FILE *in = strcmp(name, "-") ? fopen(name, "re") : session->in;
	uint8_t *bytes;
	size_t len;
	int ret;

	if (!in)
		return fail(session, -errno, "cannot open %s: %s", name, strerror(errno));
	ret = file_read(in, CONFIG_BYTES_MAX, &bytes, &len);
	if (in != session->in)
		fclose(in);
	if (!ret)
		json_object_object_add(params, "text", json_object_new_string_len((char *)bytes, (int)len));
	free(bytes);
	return ret ? fail(session, ret, "cannot read %s: %s", name, strerror(-ret)) : 0;
}

static void show_change(struct out *o, size_t number, json_object *change)
{
	static const char *const keys[] = { "action", "card", "dev", "what", "pending" };
	json_object *done;

	out_open_item(o, "change", "number", number);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = text_of(change, keys[i]);

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
	ret = ask(session, method, params, result);
	/* As a compiler says it; its own file vqnicd has named. */
	if (ret == -EREMOTEIO && r->file) {
		char why[WHY_BYTES];

		snprintf(why, sizeof(why), "%s", session->why);
		fail(session, ret, "%.150s:%.350s", r->file, why);
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
	ret = ask(session, "config.get", NULL, &result);
	if (ret)
		return ret;
	text = text_of(result, "text");
	if (!text)
		ret = fail(session, -ENODATA, "nothing is wanted yet: \"vqnicctl config apply FILE\" says what is");
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
	ret = ask(session, methods[request->track], params, &result);
	if (!ret && request->track == TRACK_READ)
		show_written(show->out, result);
	json_object_put(result);
	return ret;
}

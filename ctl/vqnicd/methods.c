// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "log.h"
#include "methods.h"

/* Bytes of IOVA whose pages one call can ask for: their bitmap has 1 MiB. */
#define TRACK_BYTES_MAX (UINT64_C(1) << 35)
#define PAGE_BYTES 4096

__attribute__((format(printf, 3, 4)))
static int fail(struct rpc_call *call, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->why, sizeof(call->why), format, args);
	va_end(args);
	return code;
}

static void add_string(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

static void add_uint(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static json_object *changes_of(const struct plan *plan)
{
	json_object *changes = json_object_new_array();

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		json_object *object = json_object_new_object();

		add_string(object, "action", change_name(change->what));
		add_string(object, "card", change->card);
		if (change->dev)
			add_string(object, "dev", change->dev);
		if (*change->text)
			add_string(object, "what", change->text);
		json_object_object_add(object, "done", json_object_new_boolean(change->done));
		if (*change->pending)
			add_string(object, "pending", change->pending);
		json_object_array_add(changes, object);
	}
	return changes;
}

static void give_plan(struct rpc_call *call, struct plan *plan)
{
	call->result = json_object_new_object();
	add_uint(call->result, "pending", plan_pending(plan));
	json_object_object_add(call->result, "changes", changes_of(plan));
	plan_free(plan);
}

static int status(struct rpc_call *call)
{
	static const char *const params[] = { NULL };
	const struct daemon *daemon = call->opaque;
	size_t len;

	if (!rpc_know_params(call, params))
		return RPC_INVALID_PARAMS;
	call->result = json_object_new_object();
	add_string(call->result, "version", VQNIC_VERSION);
	json_object_object_add(call->result, "configured", json_object_new_boolean(keeper_text(daemon->keeper, &len) != NULL));
	json_object_object_add(call->result, "in_step",
			       json_object_new_boolean(daemon->pending && !*daemon->pending && !*daemon->error));
	add_string(call->result, "pending", daemon->pending ? daemon->pending : "");
	add_string(call->result, "error", daemon->error);
	add_uint(call->result, "applied", daemon->applied);
	add_uint(call->result, "refused", daemon->refused);
	add_uint(call->result, "restored", daemon->restored);
	return 0;
}

static int config_get(struct rpc_call *call)
{
	static const char *const params[] = { NULL };
	const struct daemon *daemon = call->opaque;
	const char *text;
	size_t len;

	if (!rpc_know_params(call, params))
		return RPC_INVALID_PARAMS;
	text = keeper_text(daemon->keeper, &len);
	call->result = json_object_new_object();
	json_object_object_add(call->result, "text", text ? json_object_new_string_len(text, (int)len) : NULL);
	return 0;
}

/*
 * Takes "text", or reads the configuration file to *own, which the caller frees, if "file" says so.
 */
static int take_text(struct rpc_call *call, const char **text, size_t *len, char **own)
{
	char why[KEEPER_WHY_BYTES];
	bool file = false;
	int ret;

	*text = NULL;
	*own = NULL;
	*len = 0;
	if (!rpc_take_string(call, "text", text, len) || !rpc_take_bool(call, "file", &file))
		return RPC_INVALID_PARAMS;
	if (!file)
		return 0;
	if (*text)
		return fail(call, RPC_INVALID_PARAMS, "either \"text\" or \"file\"");
	ret = daemon_read_file(call->opaque, own, len, why);
	*text = *own;
	return ret ? fail(call, RPC_REFUSED, "%s", why) : 0;
}

static int config_diff(struct rpc_call *call)
{
	static const char *const params[] = { "text", "file", NULL };
	struct daemon *daemon = call->opaque;
	char why[KEEPER_WHY_BYTES], *own;
	struct plan *plan;
	const char *text;
	size_t len;
	int ret;

	if (!rpc_know_params(call, params))
		return RPC_INVALID_PARAMS;
	ret = take_text(call, &text, &len, &own);
	if (!ret && keeper_diff(daemon->keeper, &plan, text, len, why))
		ret = fail(call, RPC_REFUSED, "%s", why);
	else if (!ret)
		give_plan(call, plan);
	free(own);
	return ret;
}

static int config_apply(struct rpc_call *call)
{
	static const char *const params[] = { "text", "file", NULL };
	char why[KEEPER_WHY_BYTES], *own;
	struct plan *plan;
	const char *text;
	size_t len;
	int ret;

	if (!rpc_know_params(call, params))
		return RPC_INVALID_PARAMS;
	ret = take_text(call, &text, &len, &own);
	if (!ret && !text) {
		ret = fail(call, RPC_INVALID_PARAMS, "either \"text\" or \"file\" is to be given");
	} else if (!ret && daemon_apply(call->opaque, &plan, text, len, "a caller", why)) {
		ret = fail(call, RPC_REFUSED, "%s", why);
		log_line(LOG_LEVEL_ERROR, "a caller's state is refused: %s", why);
	} else if (!ret) {
		give_plan(call, plan);
	}
	free(own);
	return ret;
}

/* ---- dirty pages ---- */

/* Which pages of which device. */
struct track {
	const char *card, *dev;
	uint64_t iova, size;
};

static int take_track(struct rpc_call *call, bool range, struct track *track)
{
	static const char *const named[] = { "card", "dev", NULL }, *const ranged[] = { "card", "dev", "iova", "size", NULL };
	size_t len;

	*track = (struct track){ .size = UINT64_MAX, .iova = UINT64_MAX };
	if (!rpc_know_params(call, range ? ranged : named) || !rpc_take_string(call, "card", &track->card, &len) ||
	    !rpc_take_string(call, "dev", &track->dev, &len) || !rpc_take_uint(call, "iova", &track->iova) ||
	    !rpc_take_uint(call, "size", &track->size))
		return RPC_INVALID_PARAMS;
	if (!track->dev || (range && (track->iova == UINT64_MAX || track->size == UINT64_MAX)))
		return fail(call, RPC_INVALID_PARAMS, "the device%s must be named", range ? " and its pages" : "");
	return 0;
}

static int refused(struct rpc_call *call)
{
	const struct daemon *daemon = call->opaque;

	return fail(call, RPC_REFUSED, "%s", vqnic_error(daemon->vq));
}

static int track_start(struct rpc_call *call)
{
	struct daemon *daemon = call->opaque;
	struct track t;
	int ret = take_track(call, true, &t);

	if (!ret && vqnic_log_start(daemon->vq, t.card, t.dev, t.iova, t.size))
		ret = refused(call);
	return ret;
}

static int track_stop(struct rpc_call *call)
{
	struct daemon *daemon = call->opaque;
	struct track t;
	int ret = take_track(call, false, &t);

	if (!ret && vqnic_log_stop(daemon->vq, t.card, t.dev))
		ret = refused(call);
	return ret;
}

static bool has_bit(const uint8_t *bitmap, uint64_t bit)
{
	return bitmap[bit / 8] >> bit % 8 & 1;
}

/* The bits that are set, as ranges of IOVA. */
static json_object *ranges_of(const uint8_t *bitmap, uint64_t iova, uint64_t pages)
{
	json_object *ranges = json_object_new_array();

	for (uint64_t first = 0; first < pages; first++) {
		json_object *range;
		uint64_t end = first;

		while (end < pages && has_bit(bitmap, end))
			end++;
		if (end == first)
			continue;
		range = json_object_new_object();
		add_uint(range, "iova", iova + first * PAGE_BYTES);
		add_uint(range, "size", (end - first) * PAGE_BYTES);
		json_object_array_add(ranges, range);
		first = end;
	}
	return ranges;
}

static int track_read(struct rpc_call *call)
{
	struct daemon *daemon = call->opaque;
	uint8_t *bitmap;
	struct track t;
	int ret;

	ret = take_track(call, true, &t);
	if (ret)
		return ret;
	if (t.size > TRACK_BYTES_MAX || t.size % PAGE_BYTES)
		return fail(call, RPC_INVALID_PARAMS, "\"size\" is a multiple of %d, and %" PRIu64 " at most", PAGE_BYTES,
			    TRACK_BYTES_MAX);
	bitmap = calloc(t.size / PAGE_BYTES / 8 + 1, 1);
	if (!bitmap)
		return fail(call, RPC_INTERNAL_ERROR, "out of memory");
	if (vqnic_log_read(daemon->vq, t.card, t.dev, t.iova, t.size, bitmap)) {
		ret = refused(call);
	} else {
		call->result = json_object_new_object();
		json_object_object_add(call->result, "written", ranges_of(bitmap, t.iova, t.size / PAGE_BYTES));
	}
	free(bitmap);
	return ret;
}

const struct rpc_method methods[] = {
	{ "status", false, status },
	{ "config.get", false, config_get },
	{ "config.diff", false, config_diff },
	{ "config.apply", true, config_apply },
	{ "track.start", true, track_start },
	{ "track.read", true, track_read },
	{ "track.stop", true, track_stop },
	{ NULL, false, NULL },
};

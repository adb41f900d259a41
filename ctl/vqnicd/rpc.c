// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

/* How deep a message may be nested. */
#define DEPTH 8

/* Requests in a batch. */
#define BATCH_MAX 256

__attribute__((format(printf, 3, 4)))
static int fail(struct rpc_call *call, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->why, sizeof(call->why), format, args);
	va_end(args);
	return code;
}

static json_object *new_answer(json_object *id)
{
	json_object *answer = json_object_new_object();

	json_object_object_add(answer, "jsonrpc", json_object_new_string("2.0"));
	json_object_object_add(answer, "id", json_object_get(id));
	return answer;
}

static json_object *error_answer(json_object *id, int code, const char *why)
{
	json_object *answer = new_answer(id), *error = json_object_new_object();
	char line[RPC_WHY_BYTES];

	/* What is quoted in it may be cut off within a character, and is not to end the line. */
	snprintf(line, sizeof(line), "%s", why);
	for (char *c = line; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	json_object_object_add(error, "code", json_object_new_int(code));
	json_object_object_add(error, "message", json_object_new_string(line));
	json_object_object_add(answer, "error", error);
	return answer;
}

/* What a member is; NULL also of one that is null, which *given tells apart. */
static json_object *member(json_object *request, const char *name, bool *given)
{
	json_object *value = NULL;

	*given = json_object_object_get_ex(request, name, &value);
	return value;
}

/* Whether it is that string: there may be NULs in it. */
static bool is_string(json_object *object, const char *text)
{
	size_t len = strlen(text);

	return json_object_is_type(object, json_type_string) && (size_t)json_object_get_string_len(object) == len &&
	       !memcmp(json_object_get_string(object), text, len);
}

/* Whether it can be an id. A fraction is spelled as it is answered: what json-c takes for one may be no JSON. */
static bool take_id(json_object *id)
{
	if (json_object_is_type(id, json_type_double)) {
		json_object_set_serializer(id, NULL, NULL, NULL);
		return isfinite(json_object_get_double(id));
	}
	/* What is larger json-c takes for the largest that it can. */
	if (json_object_is_type(id, json_type_int))
		return json_object_get_int64(id) != INT64_MIN && json_object_get_uint64(id) != UINT64_MAX;
	return !id || json_object_is_type(id, json_type_string);
}

static int run_method(const struct rpc_method *methods, json_object *name, struct rpc_call *call)
{
	const struct rpc_method *method;

	for (method = methods; method->name && !is_string(name, method->name); method++)
		;
	if (!method->name)
		return fail(call, RPC_METHOD_NOT_FOUND, "unknown method \"%.64s\"", json_object_get_string(name));
	if (method->changes && !call->privileged)
		return fail(call, RPC_FORBIDDEN, "%s is for root", method->name);
	return method->run(call);
}

/* The answer to one request; NULL: it wants none. */
static json_object *answer_one(const struct rpc_method *methods, void *opaque, bool privileged, json_object *request)
{
	struct rpc_call call = { .opaque = opaque, .privileged = privileged };
	json_object *version, *method, *id, *answer;
	bool has_version, has_method, has_id, has_params;
	int code;

	if (!json_object_is_type(request, json_type_object))
		return error_answer(NULL, RPC_INVALID_REQUEST, "a request is an object");
	version = member(request, "jsonrpc", &has_version);
	method = member(request, "method", &has_method);
	id = member(request, "id", &has_id);
	call.params = member(request, "params", &has_params);
	if (!take_id(id))
		return error_answer(NULL, RPC_INVALID_REQUEST, "an id is a string or a number of 64 bits");
	if (!is_string(version, "2.0"))
		return error_answer(id, RPC_INVALID_REQUEST, "\"jsonrpc\" is to be \"2.0\"");
	if (!json_object_is_type(method, json_type_string))
		return error_answer(id, RPC_INVALID_REQUEST, "\"method\" is to be a string");
	if (has_params && !json_object_is_type(call.params, json_type_object))
		code = fail(&call, RPC_INVALID_PARAMS, "parameters are given by name, in an object");
	else
		code = run_method(methods, method, &call);
	if (!has_id) {
		json_object_put(call.result);
		return NULL;
	}
	if (code) {
		json_object_put(call.result);
		return error_answer(id, code, call.why);
	}
	answer = new_answer(id);
	json_object_object_add(answer, "result", call.result);
	return answer;
}

static json_object *answer_batch(const struct rpc_method *methods, void *opaque, bool privileged, json_object *batch)
{
	size_t count = json_object_array_length(batch);
	json_object *answers;

	if (!count || count > BATCH_MAX)
		return error_answer(NULL, RPC_INVALID_REQUEST, "a batch has 1 to 256 requests");
	answers = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		json_object *answer = answer_one(methods, opaque, privileged, json_object_array_get_idx(batch, i));

		if (answer)
			json_object_array_add(answers, answer);
	}
	if (json_object_array_length(answers))
		return answers;
	json_object_put(answers);
	return NULL;
}

/* Bytes of the UTF-8 character that `text` begins with; 0: it is none (Unicode 16, table 3-7). */
static size_t utf8_len(const uint8_t *text, size_t len)
{
	uint8_t first = text[0], min = 0x80, max = 0xbf;
	size_t count = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (count > len)
		return 0;
	if (first == 0xe0)
		min = 0xa0;
	else if (first == 0xed)
		max = 0x9f;
	else if (first == 0xf0)
		min = 0x90;
	else if (first == 0xf4)
		max = 0x8f;
	for (size_t i = 1; i < count; i++, min = 0x80, max = 0xbf)
		if (text[i] < min || text[i] > max)
			return 0;
	return count;
}

static bool is_utf8(const char *text, size_t len)
{
	size_t count;

	for (; len; text += count, len -= count) {
		count = utf8_len((const uint8_t *)text, len);
		if (!count)
			return false;
	}
	return true;
}

/* The message as a tree; NULL: it is null, or no JSON, with what is wrong in *why. */
static json_object *parse(const char *message, size_t len, const char **why)
{
	json_tokener *tokener;
	json_object *tree;
	size_t end;

	*why = "out of memory";
	if (len > INT32_MAX)
		return NULL;
	/* What json-c takes for UTF-8 may be none. */
	*why = "the message is no UTF-8";
	if (!is_utf8(message, len))
		return NULL;
	*why = "out of memory";
	tokener = json_tokener_new_ex(DEPTH);
	if (!tokener)
		return NULL;
	/* Not JSON_TOKENER_STRICT: json-c 0.18 would refuse whatever is not ASCII. */
	tree = json_tokener_parse_ex(tokener, message, (int)len);
	end = json_tokener_get_parse_end(tokener);
	/* A number may go on, until something else comes. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		tree = json_tokener_parse_ex(tokener, " ", 1);
	while (end < len && memchr(" \t\r\n", message[end], 4))
		end++;
	*why = NULL;
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		*why = "the message ends too early";
	else if (json_tokener_get_error(tokener))
		*why = json_tokener_error_desc(json_tokener_get_error(tokener));
	else if (end != len)
		*why = "something follows the message";
	json_tokener_free(tokener);
	if (*why) {
		json_object_put(tree);
		return NULL;
	}
	return tree;
}

char *rpc_answer(const struct rpc_method *methods, void *opaque, bool privileged, const char *message, size_t len)
{
	json_object *request, *answer;
	const char *why;
	char *text;

	request = parse(message, len, &why);
	if (why)
		answer = error_answer(NULL, RPC_PARSE_ERROR, why);
	else if (json_object_is_type(request, json_type_array))
		answer = answer_batch(methods, opaque, privileged, request);
	else
		answer = answer_one(methods, opaque, privileged, request);
	json_object_put(request);
	if (!answer)
		return NULL;
	text = strdup(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(answer);
	return text;
}

/* The parameter of that name; NULL: it is not given, or is no `type`, which *wrong tells apart. */
static json_object *take(struct rpc_call *call, const char *name, json_type type, bool *wrong)
{
	json_object *value = NULL;

	*wrong = false;
	if (!call->params || !json_object_object_get_ex(call->params, name, &value))
		return NULL;
	if (value && json_object_is_type(value, type))
		return value;
	*wrong = true;
	fail(call, RPC_INVALID_PARAMS, "\"%s\" is to be %s", name, type == json_type_string ? "a string" :
	     type == json_type_int ? "a whole number" : "true or false");
	return NULL;
}

bool rpc_take_string(struct rpc_call *call, const char *name, const char **value, size_t *len)
{
	bool wrong;
	json_object *object = take(call, name, json_type_string, &wrong);

	if (object && strlen(json_object_get_string(object)) != (size_t)json_object_get_string_len(object)) {
		fail(call, RPC_INVALID_PARAMS, "\"%s\" is not to have a NUL in it", name);
		return false;
	}
	if (object) {
		*value = json_object_get_string(object);
		*len = (size_t)json_object_get_string_len(object);
	}
	return !wrong;
}

bool rpc_take_uint(struct rpc_call *call, const char *name, uint64_t *value)
{
	bool wrong;
	json_object *object = take(call, name, json_type_int, &wrong);

	if (object && json_object_get_int64(object) < 0) {
		fail(call, RPC_INVALID_PARAMS, "\"%s\" is not to be negative", name);
		return false;
	}
	if (object && json_object_get_uint64(object) == UINT64_MAX) {
		fail(call, RPC_INVALID_PARAMS, "\"%s\" is too large", name);
		return false;
	}
	if (object)
		*value = json_object_get_uint64(object);
	return !wrong;
}

bool rpc_take_bool(struct rpc_call *call, const char *name, bool *value)
{
	bool wrong;
	json_object *object = take(call, name, json_type_boolean, &wrong);

	if (object)
		*value = json_object_get_boolean(object);
	return !wrong;
}

bool rpc_know_params(struct rpc_call *call, const char *const names[])
{
	if (!call->params)
		return true;
	json_object_object_foreach(call->params, key, value) {
		size_t i;

		(void)value;
		for (i = 0; names[i] && strcmp(names[i], key); i++)
			;
		if (!names[i]) {
			fail(call, RPC_INVALID_PARAMS, "unknown parameter \"%.64s\"", key);
			return false;
		}
	}
	return true;
}

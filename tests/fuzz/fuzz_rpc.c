// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: a message to vqnicd, of who may change something and who may not. Besides crashes and leaks, it finds
 * answers that are no JSON-RPC 2.0, or more than a line.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_rpc: %s\n", what);
	abort();
}

/* Takes parameters of all kinds and gives them back. */
static int take(struct rpc_call *call)
{
	static const char *const params[] = { "text", "number", "switch", NULL };
	const char *text = "";
	uint64_t number = 0;
	bool on = false;
	size_t len = 0;

	if (!rpc_know_params(call, params) || !rpc_take_string(call, "text", &text, &len) ||
	    !rpc_take_uint(call, "number", &number) || !rpc_take_bool(call, "switch", &on))
		return RPC_INVALID_PARAMS;
	if (strlen(text) != len)
		fail("a string of another length");
	call->result = json_object_new_object();
	json_object_object_add(call->result, "text", json_object_new_string(text));
	json_object_object_add(call->result, "number", json_object_new_uint64(number));
	json_object_object_add(call->result, "switch", json_object_new_boolean(on));
	return 0;
}

/* Refuses with what it was given. */
static int refuse(struct rpc_call *call)
{
	const char *text = "";
	size_t len;

	if (!rpc_take_string(call, "text", &text, &len))
		return RPC_INVALID_PARAMS;
	snprintf(call->why, sizeof(call->why), "%s", text);
	call->result = json_object_new_int(1);
	return RPC_REFUSED;
}

static int change(struct rpc_call *call)
{
	if (!call->privileged)
		fail("a change by who may not");
	return take(call);
}

static const struct rpc_method methods[] = {
	{ "take", false, take },
	{ "refuse", false, refuse },
	{ "change", true, change },
	{ NULL, false, NULL },
};

static void check_answer(json_object *answer)
{
	json_object *version, *id, *result, *error, *code, *message;
	bool has_result, has_error;

	if (!json_object_is_type(answer, json_type_object))
		fail("an answer is no object");
	if (!json_object_object_get_ex(answer, "jsonrpc", &version) ||
	    !json_object_is_type(version, json_type_string) || strcmp(json_object_get_string(version), "2.0"))
		fail("an answer of no version 2.0");
	has_result = json_object_object_get_ex(answer, "result", &result);
	has_error = json_object_object_get_ex(answer, "error", &error);
	if (!json_object_object_get_ex(answer, "id", &id) || has_result == has_error ||
	    json_object_object_length(answer) != 3)
		fail("an answer without id, or not with one of result and error");
	if (json_object_is_type(id, json_type_double) && !isfinite(json_object_get_double(id)))
		fail("an id that is no JSON");
	if (has_error && (!json_object_object_get_ex(error, "code", &code) ||
			  !json_object_is_type(code, json_type_int) ||
			  !json_object_object_get_ex(error, "message", &message) ||
			  !json_object_is_type(message, json_type_string)))
		fail("an error without code and message");
}

static void check_text(const char *text)
{
	enum json_tokener_error error;
	json_object *tree = json_tokener_parse_verbose(text, &error);

	/* json-c takes more for JSON and UTF-8 than there is. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		fail("no locale");
	if (mbstowcs(NULL, text, 0) == (size_t)-1)
		fail("an answer that is no UTF-8");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			fail("an answer with control characters");
	if (error != json_tokener_success)
		fail(json_tokener_error_desc(error));
	if (json_object_is_type(tree, json_type_array)) {
		if (!json_object_array_length(tree))
			fail("an empty answer to a batch");
		for (size_t i = 0; i < json_object_array_length(tree); i++)
			check_answer(json_object_array_get_idx(tree, i));
	} else {
		check_answer(tree);
	}
	json_object_put(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int privileged = 0; privileged < 2; privileged++) {
		char *text = rpc_answer(methods, NULL, privileged, (const char *)data, size);

		if (text)
			check_text(text);
		free(text);
	}
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/* JSON-RPC 2.0 of vqnicd: the answer to each message, with methods that stand in for vqnicd's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc.h"

/* ---- methods ---- */

static unsigned int calls;	/* of methods, since the last message */

static int subtract(struct rpc_call *call)
{
	static const char *const params[] = { "minuend", "subtrahend", NULL };
	uint64_t minuend = 100, subtrahend = 0;

	calls++;
	if (!rpc_know_params(call, params) || !rpc_take_uint(call, "minuend", &minuend) ||
	    !rpc_take_uint(call, "subtrahend", &subtrahend))
		return RPC_INVALID_PARAMS;
	call->result = json_object_new_int64((int64_t)(minuend - subtrahend));
	return 0;
}

static int say(struct rpc_call *call)
{
	static const char *const params[] = { "text", "loud", NULL };
	const char *text = "nothing";
	size_t len = strlen(text);
	bool loud = false;

	calls++;
	if (!rpc_know_params(call, params) || !rpc_take_string(call, "text", &text, &len) ||
	    !rpc_take_bool(call, "loud", &loud))
		return RPC_INVALID_PARAMS;
	assert_int_equal(len, strlen(text));
	call->result = json_object_new_array();
	json_object_array_add(call->result, json_object_new_string(text));
	json_object_array_add(call->result, json_object_new_boolean(loud));
	return 0;
}

static int change(struct rpc_call *call)
{
	unsigned int *changed = call->opaque;

	calls++;
	assert_true(call->privileged);
	++*changed;
	return 0;
}

/* What is made before it fails is not given. */
static int fail_so(struct rpc_call *call, int code, const char *why)
{
	calls++;
	call->result = json_object_new_string("half a result");
	snprintf(call->why, sizeof(call->why), "%s", why);
	return code;
}

static int refuse(struct rpc_call *call)
{
	return fail_so(call, RPC_REFUSED, "no:\n\x1b[31mol\xc3\xa9\xff \"/\\");
}

static int break_down(struct rpc_call *call)
{
	return fail_so(call, RPC_INTERNAL_ERROR, "out of memory");
}

static const struct rpc_method methods[] = {
	{ "subtract", false, subtract },
	{ "say", false, say },
	{ "change", true, change },
	{ "refuse", false, refuse },
	{ "break", false, break_down },
	{ NULL, false, NULL },
};

/* ---- what tests do ---- */

static unsigned int changed;

static void expect_of(bool privileged, const char *message, size_t len, const char *expected)
{
	char *copy = malloc(len + !len), *answer;

	assert_non_null(copy);
	memcpy(copy, message, len);
	calls = 0;
	answer = rpc_answer(methods, &changed, privileged, copy, len);
	free(copy);
	if (expected) {
		assert_non_null(answer);
		assert_string_equal(answer, expected);
	} else if (answer) {
		fail_msg("%s is answered: %s", message, answer);
	}
	free(answer);
}

static void expect(const char *message, const char *expected)
{
	expect_of(false, message, strlen(message), expected);
}

#define ERROR(id, code, why) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" why "\"}}"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define CALL(rest) "{\"jsonrpc\":\"2.0\",\"id\":7," rest "}"
#define NO_REQUEST ERROR("null", "-32600", "a request is an object")

/* ---- tests ---- */

/* Those of the standard, section 7, with parameters by name. */
static void examples(void **state)
{
	(void)state;
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"subtrahend\": 23, \"minuend\": 42}, "
	       "\"id\": 3}",
	       RESULT("3", "19"));
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"minuend\": 42, \"subtrahend\": 23}, "
	       "\"id\": 4}",
	       RESULT("4", "19"));
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"minuend\": 5}}", NULL);
	assert_int_equal(calls, 1);
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"foobar\"}", NULL);
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"id\": \"1\"}",
	       ERROR("\"1\"", "-32601", "unknown method \\\"foobar\\\""));
	expect("{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]",
	       ERROR("null", "-32700", "object value separator ',' expected"));
	expect("{\"jsonrpc\": \"2.0\", \"method\": 1, \"params\": \"bar\"}",
	       ERROR("null", "-32600", "\\\"method\\\" is to be a string"));
	expect("[{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"id\": \"1\"}, {\"jsonrpc\": \"2.0\", \"method\"]",
	       ERROR("null", "-32700", "object property name separator ':' expected"));
	assert_int_equal(calls, 0);
	expect("[]", ERROR("null", "-32600", "a batch has 1 to 256 requests"));
	expect("[1]", "[" NO_REQUEST "]");
	expect("[1,2,3]", "[" NO_REQUEST "," NO_REQUEST "," NO_REQUEST "]");
	expect("[{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"minuend\": 1}, \"id\": \"1\"},"
	       "{\"jsonrpc\": \"2.0\", \"method\": \"say\", \"params\": {}},"
	       "{\"foo\": \"boo\"},"
	       "{\"jsonrpc\": \"2.0\", \"method\": \"foo.get\", \"params\": {\"name\": \"myself\"}, \"id\": \"5\"},"
	       "{\"jsonrpc\": \"2.0\", \"method\": \"say\", \"id\": \"9\"}]",
	       "[" RESULT("\"1\"", "1") "," ERROR("null", "-32600", "\\\"jsonrpc\\\" is to be \\\"2.0\\\"") ","
	       ERROR("\"5\"", "-32601", "unknown method \\\"foo.get\\\"") ","
	       RESULT("\"9\"", "[\"nothing\",false]") "]");
	expect("[{\"jsonrpc\": \"2.0\", \"method\": \"say\"}, {\"jsonrpc\": \"2.0\", \"method\": \"subtract\"}]", NULL);
	assert_int_equal(calls, 2);
}

static void ids(void **state)
{
	static const struct {
		const char *id, *answered;	/* NULL: it is none */
	} table[] = {
		{ "0", "0" }, { "-1", "-1" }, { "null", "null" }, { "\"\"", "\"\"" }, { "1.5", "1.5" },
		{ "\"a\\u0000b\\\"\\n/\\u00e9\"", "\"a\\u0000b\\\"\\n/\xc3\xa9\"" },
		{ "\"\xf0\x9f\x99\x82\"", "\"\xf0\x9f\x99\x82\"" },
		{ "9223372036854775807", "9223372036854775807" }, { "-9223372036854775807", "-9223372036854775807" },
		{ "18446744073709551614", "18446744073709551614" }, { "2.", "2.0" }, { "1e2", "100.0" },
		/* These would come back as others. */
		{ "18446744073709551616", NULL }, { "-9223372036854775809", NULL }, { "1e999", NULL },
		{ "NaN", NULL }, { "Infinity", NULL }, { "-Infinity", NULL },
		{ "{}", NULL }, { "[]", NULL }, { "true", NULL },
	};
	char message[256], answer[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(message, sizeof(message), "{\"id\":%s,\"jsonrpc\":\"2.0\",\"method\":\"subtract\"}",
			 table[i].id);
		snprintf(answer, sizeof(answer), RESULT("%s", "100"), table[i].answered);
		expect(message, table[i].answered ? answer :
		       ERROR("null", "-32600", "an id is a string or a number of 64 bits"));
	}
}

static void parameters(void **state)
{
	(void)state;
	expect(CALL("\"method\":\"subtract\""), RESULT("7", "100"));
	expect(CALL("\"method\":\"subtract\",\"params\":{}"), RESULT("7", "100"));
	expect(CALL("\"method\":\"subtract\",\"params\":[42,23]"),
	       ERROR("7", "-32602", "parameters are given by name, in an object"));
	expect(CALL("\"method\":\"subtract\",\"params\":null"),
	       ERROR("7", "-32602", "parameters are given by name, in an object"));
	expect(CALL("\"method\":\"subtract\",\"params\":\"bar\""),
	       ERROR("7", "-32602", "parameters are given by name, in an object"));
	assert_int_equal(calls, 0);
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":1,\"minus\":2}"),
	       ERROR("7", "-32602", "unknown parameter \\\"minus\\\""));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":\"1\"}"),
	       ERROR("7", "-32602", "\\\"minuend\\\" is to be a whole number"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":null}"),
	       ERROR("7", "-32602", "\\\"minuend\\\" is to be a whole number"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":1.5}"),
	       ERROR("7", "-32602", "\\\"minuend\\\" is to be a whole number"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"subtrahend\":-1}"),
	       ERROR("7", "-32602", "\\\"subtrahend\\\" is not to be negative"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":18446744073709551615}"),
	       ERROR("7", "-32602", "\\\"minuend\\\" is too large"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":99999999999999999999999}"),
	       ERROR("7", "-32602", "\\\"minuend\\\" is too large"));
	expect(CALL("\"method\":\"subtract\",\"params\":{\"minuend\":18446744073709551614,"
		    "\"subtrahend\":18446744073709551613}"),
	       RESULT("7", "1"));
	expect(CALL("\"method\":\"say\",\"params\":{\"text\":\"ol\xc3\xa9 \\ud83d\\ude42\\n\",\"loud\":true}"),
	       RESULT("7", "[\"ol\xc3\xa9 \xf0\x9f\x99\x82\\n\",true]"));
	expect(CALL("\"method\":\"say\",\"params\":{\"text\":\"\"}"), RESULT("7", "[\"\",false]"));
	expect(CALL("\"method\":\"say\",\"params\":{\"text\":\"a\\u0000b\"}"),
	       ERROR("7", "-32602", "\\\"text\\\" is not to have a NUL in it"));
	expect(CALL("\"method\":\"say\",\"params\":{\"text\":[]}"),
	       ERROR("7", "-32602", "\\\"text\\\" is to be a string"));
	expect(CALL("\"method\":\"say\",\"params\":{\"loud\":1}"),
	       ERROR("7", "-32602", "\\\"loud\\\" is to be true or false"));
	expect(CALL("\"method\":\"say\",\"params\":{\"lo\\nud\xc3\xa9\":1}"),
	       ERROR("7", "-32602", "unknown parameter \\\"lo?ud??\\\""));
}

static void wrong_requests(void **state)
{
	(void)state;
	expect("null", NO_REQUEST);
	expect("1", NO_REQUEST);
	expect("true", NO_REQUEST);
	expect("\"a\"", NO_REQUEST);
	expect("[[]]", "[" NO_REQUEST "]");
	expect("[null]", "[" NO_REQUEST "]");
	expect("{}", ERROR("null", "-32600", "\\\"jsonrpc\\\" is to be \\\"2.0\\\""));
	expect("{\"id\":7,\"method\":\"say\"}", ERROR("7", "-32600", "\\\"jsonrpc\\\" is to be \\\"2.0\\\""));
	expect("{\"id\":7,\"jsonrpc\":2.0,\"method\":\"say\"}",
	       ERROR("7", "-32600", "\\\"jsonrpc\\\" is to be \\\"2.0\\\""));
	expect("{\"id\":7,\"jsonrpc\":\"2.0\\u0000\",\"method\":\"say\"}",
	       ERROR("7", "-32600", "\\\"jsonrpc\\\" is to be \\\"2.0\\\""));
	expect(CALL("\"params\":{}"), ERROR("7", "-32600", "\\\"method\\\" is to be a string"));
	expect(CALL("\"method\":null"), ERROR("7", "-32600", "\\\"method\\\" is to be a string"));
	expect(CALL("\"method\":\"say\\u0000\""), ERROR("7", "-32601", "unknown method \\\"say\\\""));
	expect(CALL("\"method\":\"\""), ERROR("7", "-32601", "unknown method \\\"\\\""));
	expect(CALL("\"method\":\"Say\""), ERROR("7", "-32601", "unknown method \\\"Say\\\""));
	expect(CALL("\"method\":\"\\u001b[31m\\n\xc3\xa9\""), ERROR("7", "-32601", "unknown method \\\"?[31m???\\\""));
	/* Cut off in the midst of a character. */
	expect(CALL("\"method\":\"x1234567890123456789012345678901234567890123456789012345678901234"
		    "\xc3\xa9\xc3\xa9\""),
	       ERROR("7", "-32601", "unknown method "
		     "\\\"x123456789012345678901234567890123456789012345678901234567890123\\\""));
	expect(CALL("\"method\":\"x12345678901234567890123456789012345678901234567890123456789012\xc3\xa9\""),
	       ERROR("7", "-32601", "unknown method "
		     "\\\"x12345678901234567890123456789012345678901234567890123456789012?\\\""));
}

static void no_json(void **state)
{
	static const char *const invalid[] = {
		"\xff", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xf0\x9f\x99",
	};
	static const char *const valid[] = {
		"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	static const char nul[] = CALL("\"method\":\"subtract\"") "\0";
	char message[128];

	(void)state;
	expect("", ERROR("null", "-32700", "the message ends too early"));
	expect(" \t", ERROR("null", "-32700", "the message ends too early"));
	expect("{", ERROR("null", "-32700", "the message ends too early"));
	expect("{\"jsonrpc\":\"2.0", ERROR("null", "-32700", "the message ends too early"));
	expect("subtract", ERROR("null", "-32700", "unexpected character"));
	expect(CALL("\"method\":\"subtract\"") " {}", ERROR("null", "-32700", "something follows the message"));
	expect_of(false, nul, sizeof(nul) - 1, ERROR("null", "-32700", "something follows the message"));
	expect(" " CALL("\"method\":\"subtract\"") " \t\r\n", RESULT("7", "100"));
	expect("[[[[[[[[[[[[[[[[", ERROR("null", "-32700", "nesting too deep"));
	expect(CALL("\"method\":\"say\",\"params\":{\"text\":[[[[[[[[1]]]]]]]]}"),
	       ERROR("null", "-32700", "nesting too deep"));
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		snprintf(message, sizeof(message), CALL("\"method\":\"%s\""), invalid[i]);
		expect(message, ERROR("null", "-32700", "the message is no UTF-8"));
		expect(invalid[i], ERROR("null", "-32700", "the message is no UTF-8"));
	}
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		snprintf(message, sizeof(message), "{\"jsonrpc\":\"2.0\",\"method\":\"subtract\",\"id\":\"%s\"}",
			 valid[i]);
		calls = 0;
		free(rpc_answer(methods, NULL, false, message, strlen(message)));
		assert_int_equal(calls, 1);
	}
}

static void privileges(void **state)
{
	static const char message[] = CALL("\"method\":\"change\""), batch[] = "[" CALL("\"method\":\"change\"") "]";
	static const char quiet[] = "{\"jsonrpc\":\"2.0\",\"method\":\"change\"}";

	(void)state;
	changed = 0;
	expect(message, ERROR("7", "-32001", "change is for root"));
	expect(batch, "[" ERROR("7", "-32001", "change is for root") "]");
	expect(quiet, NULL);
	assert_int_equal(changed, 0);
	expect_of(true, message, strlen(message), RESULT("7", "null"));
	expect_of(true, batch, strlen(batch), "[" RESULT("7", "null") "]");
	expect_of(true, quiet, strlen(quiet), NULL);
	assert_int_equal(changed, 3);
}

/* One line of plain characters, whatever a method says. */
static void errors_of_methods(void **state)
{
	(void)state;
	expect(CALL("\"method\":\"refuse\""), ERROR("7", "-32000", "no:??[31mol??? \\\"/\\\\"));
	expect(CALL("\"method\":\"break\""), ERROR("7", "-32603", "out of memory"));
	expect("{\"jsonrpc\":\"2.0\",\"method\":\"refuse\"}", NULL);
	assert_int_equal(calls, 1);
}

static void long_messages(void **state)
{
	const size_t size = 1 << 20;
	char *message = malloc(size), *answer;
	size_t len = 0;

	(void)state;
	assert_non_null(message);
	for (int count = 256; count <= 257; count++) {
		len = 0;
		for (int i = 0; i < count; i++)
			len += (size_t)sprintf(message + len, "%c" CALL("\"method\":\"subtract\""), i ? ',' : '[');
		strcpy(message + len, "]");
		calls = 0;
		answer = rpc_answer(methods, NULL, false, message, len + 1);
		assert_non_null(answer);
		assert_int_equal(calls, count == 256 ? 256 : 0);
		if (count == 257)
			assert_string_equal(answer, ERROR("null", "-32600", "a batch has 1 to 256 requests"));
		free(answer);
	}
	len = (size_t)sprintf(message, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"say\",\"params\":{\"text\":\"");
	memset(message + len, 'x', size - len);
	memcpy(message + size - 4, "\"}}", 4);
	answer = rpc_answer(methods, NULL, false, message, strlen(message));
	assert_non_null(answer);
	assert_true(strlen(answer) > size - 100);
	free(answer);
	memset(message, '[', size);
	expect_of(false, message, size, ERROR("null", "-32700", "nesting too deep"));
	memset(message, '\n', size);
	expect_of(false, message, size, ERROR("null", "-32700", "the message ends too early"));
	free(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(ids),
		cmocka_unit_test(parameters),
		cmocka_unit_test(wrong_requests),
		cmocka_unit_test(no_json),
		cmocka_unit_test(privileges),
		cmocka_unit_test(errors_of_methods),
		cmocka_unit_test(long_messages),
	};

	return cmocka_run_group_tests_name("ctl_rpc", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC 2.0 (https://www.jsonrpc.org/specification): one message, what it asks for, and the answer. */
#ifndef RPC_H
#define RPC_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#define RPC_WHY_BYTES 1024

/* Codes of errors: the standard's, and this server's. */
enum rpc_error {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_REFUSED = -32000,		/* it was understood, and cannot be done */
	RPC_FORBIDDEN = -32001,		/* the caller may not do that */
};

/* A call of a method. */
struct rpc_call {
	void *opaque;			/* the server's */
	bool privileged;		/* the caller may change something */
	json_object *params;		/* an object; NULL: none were given. Borrowed */
	json_object *result;		/* what the method makes; NULL: null */
	char why[RPC_WHY_BYTES];	/* of an error */
};

struct rpc_method {
	const char *name;
	bool changes;			/* it is for privileged callers */
	/* Returns 0 or an RPC_ code with one line in `why`. */
	int (*run)(struct rpc_call *call);
};

/*
 * Does what a message asks for with methods of `methods`, which ends with a name that is NULL. Returns the answer as new
 * memory without newline, which the caller frees, or NULL: there is none to be sent, or no memory.
 */
char *rpc_answer(const struct rpc_method *methods, void *opaque, bool privileged, const char *message, size_t len);

/*
 * Takes a parameter of a call: a string without NUL in it, which is borrowed; a number below UINT64_MAX; a switch. False:
 * it is given and is none, which is in `why`. What is not given leaves *value as it is.
 */
bool rpc_take_string(struct rpc_call *call, const char *name, const char **value, size_t *len);
bool rpc_take_uint(struct rpc_call *call, const char *name, uint64_t *value);
bool rpc_take_bool(struct rpc_call *call, const char *name, bool *value);

/* Whether all parameters that are given are in `names`, which ends with NULL; says else in `why` which is not. */
bool rpc_know_params(struct rpc_call *call, const char *const names[]);

#endif

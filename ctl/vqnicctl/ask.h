/* SPDX-License-Identifier: Apache-2.0 */
/* Asking vqnicd, and what its answers have. */
#ifndef ASK_H
#define ASK_H

#include <json-c/json.h>

#include "session.h"

/*
 * Asks vqnicd; takes over `params`, NULL being none. Returns 0 or a negative errno: -EREMOTEIO if vqnicd has refused,
 * -ECONNREFUSED if it does not run. The caller puts *result, which may be NULL, also after an error.
 */
int ask_vqnicd(const struct session *session, const char *method, json_object *params, json_object **result);

/* A member of an answer as text, which lives as long as the answer; NULL: it has none of that name. */
const char *answer_text(json_object *object, const char *key);

#endif

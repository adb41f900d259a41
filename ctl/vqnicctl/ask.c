// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "ask.h"

/* Takes the result out of an answer, or why there is none. */
static int take_result(const struct session *session, json_object *answer, json_object **result)
{
	json_object *error, *message;

	if (json_object_object_get_ex(answer, "error", &error)) {
		if (!json_object_object_get_ex(error, "message", &message))
			return session_fail(session, -EBADMSG, "vqnicd's answer is not understood");
		return session_fail(session, -EREMOTEIO, "%s", json_object_get_string(message));
	}
	if (!json_object_object_get_ex(answer, "result", result))
		return session_fail(session, -EBADMSG, "vqnicd's answer is not understood");
	json_object_get(*result);
	return 0;
}

int ask_vqnicd(const struct session *session, const char *method, json_object *params, json_object **result)
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
		return session_fail(session, ret, "%s: systemctl start vqnicd", vqnic_error(session->vq));
	if (ret)
		return ret;
	answer = json_tokener_parse(line);
	free(line);
	ret = take_result(session, answer, result);
	json_object_put(answer);
	return ret;
}

const char *answer_text(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

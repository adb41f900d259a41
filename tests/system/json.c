// SPDX-License-Identifier: Apache-2.0
/*
 * json KEY...: reads JSON on stdin and prints the value under KEY, KEY, ...: a key of an object, or an index of an array.
 * Strings are printed bare. Without a KEY only checks that it is JSON. Exit status 1: not JSON, or no such value.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#define INPUT_MAX (1 << 20)

int main(int argc, char **argv)
{
	static char input[INPUT_MAX + 1];
	size_t size = fread(input, 1, INPUT_MAX, stdin);
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value = tokener ? json_tokener_parse_ex(tokener, input, (int)size) : NULL;
	size_t end = tokener ? json_tokener_get_parse_end(tokener) : 0;

	if (!tokener || json_tokener_get_error(tokener) != json_tokener_success ||
	    strspn(input + end, " \n") != size - end) {
		fprintf(stderr, "json: not JSON: %.*s\n", (int)size, input);
		return 1;
	}
	/* JSON's null is a NULL object here. */
	for (int i = 1; i < argc; i++) {
		struct json_object *next = NULL;
		size_t index = strtoul(argv[i], NULL, 10);
		bool found = false;

		if (json_object_is_type(value, json_type_array)) {
			found = index < json_object_array_length(value);
			next = json_object_array_get_idx(value, index);
		} else if (json_object_is_type(value, json_type_object)) {
			found = json_object_object_get_ex(value, argv[i], &next);
		}
		if (!found) {
			fprintf(stderr, "json: no \"%s\" in %s\n", argv[i], json_object_to_json_string(value));
			return 1;
		}
		value = next;
	}
	puts(json_object_is_type(value, json_type_string) ? json_object_get_string(value) :
	     json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	return 0;
}

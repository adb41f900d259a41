// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: a stream with the state of a device (docs/migration-format.md), checksums left out. Besides crashes, it
 * finds states that are taken and cannot be written, or come back as others.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_state: %s\n", what);
	abort();
}

/* Walks the parts as whoever uses them does. */
static void use_parts(const struct vqnic_state *s)
{
	const uint8_t *parts = s->parts;
	size_t len = s->parts_len;
	struct vqnic_part part;
	unsigned int sum = 0;

	while (vqnic_next_part(&parts, &len, &part))
		for (uint32_t i = 0; i < part.len; i++)
			sum += part.value[i];
	if (len)
		fail("parts are left");
	/* So that it is computed. */
	__asm__ volatile("" : : "r"(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vqnic_state s, again;
	uint8_t *bytes;
	char why[128];
	size_t len;

	if (state_decode(&s, data, size, why, sizeof(why))) {
		if (strlen(why) < 10)
			fail("it is not said why");
		return 0;
	}
	use_parts(&s);
	if (state_encode(&s, &bytes, &len, why, sizeof(why)))
		fail(why);
	if (state_decode(&again, bytes, len, why, sizeof(why)))
		fail(why);
	if (again.parts_len != s.parts_len || again.queue_count != s.queue_count || again.mtu != s.mtu ||
	    memcmp(again.queues, s.queues, sizeof(s.queues)) ||
	    memcmp(again.policy.macs, s.policy.macs, sizeof(s.policy.macs)))
		fail("another state came back");
	free(bytes);
	return 0;
}

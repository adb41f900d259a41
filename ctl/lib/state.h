/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a device as a stream of bytes, docs/migration-format.md.
 *
 * A stream may hold anything: all of it is checked before anything of it is used.
 */
#ifndef STATE_H
#define STATE_H

#include "vqnic/vqnic.h"

/* Reads a stream; `bytes` must last as long as *s. Returns 0, or -EBADMSG with one line in `why`. */
int state_decode(struct vqnic_state *s, const uint8_t *bytes, size_t len, char *why, size_t why_size);

/*
 * Writes a stream to new memory, which the caller frees. The same state gives the same bytes. Returns 0 or -ENOMEM, or
 * -EBADMSG for parts that state_decode() would refuse, with one line in `why`.
 */
int state_encode(const struct vqnic_state *s, uint8_t **bytes, size_t *len, char *why, size_t why_size);

#endif

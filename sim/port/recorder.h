/* SPDX-License-Identifier: Apache-2.0 */
/* Records frames to a pcap file, Ethernet, with the wall clock's nanoseconds. */
#ifndef RECORDER_H
#define RECORDER_H

#include <stddef.h>

struct recorder;

/* Makes or overwrites `path`. NULL: `error` says why. */
struct recorder *recorder_open(const char *path, char *error, size_t error_size);

/* Returns 0, or -EIO: the file can take no more; the recorder is of no further use. */
int recorder_write(struct recorder *recorder, const void *frame, size_t len);

/* Brings to the file what is in memory. Returns 0 or -EIO, as above. */
int recorder_flush(struct recorder *recorder);

void recorder_close(struct recorder *recorder);

#endif

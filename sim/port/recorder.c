// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "port.h"
#include "recorder.h"

struct recorder {
	pcap_t *pcap;
	pcap_dumper_t *file;
	bool dirty;
};

struct recorder *recorder_open(const char *path, char *error, size_t error_size)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	recorder->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, PORT_FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO);
	recorder->file = recorder->pcap ? pcap_dump_open(recorder->pcap, path) : NULL;
	if (!recorder->file) {
		snprintf(error, error_size, "%s", recorder->pcap ? pcap_geterr(recorder->pcap) : "out of memory");
		if (recorder->pcap)
			pcap_close(recorder->pcap);
		free(recorder);
		return NULL;
	}
	return recorder;
}

int recorder_write(struct recorder *recorder, const void *frame, size_t len)
{
	struct pcap_pkthdr header = { .caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header.ts.tv_sec = now.tv_sec;
	header.ts.tv_usec = now.tv_nsec;	/* nanoseconds, as the file's header says */
	pcap_dump((u_char *)recorder->file, &header, frame);
	recorder->dirty = true;
	return ferror(pcap_dump_file(recorder->file)) ? -EIO : 0;
}

int recorder_flush(struct recorder *recorder)
{
	if (!recorder->dirty)
		return 0;
	recorder->dirty = false;
	return pcap_dump_flush(recorder->file) ? -EIO : 0;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	pcap_dump_close(recorder->file);
	pcap_close(recorder->pcap);
	free(recorder);
}

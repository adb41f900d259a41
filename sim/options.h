/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pcie.h"

struct options {
	const char *socket;
	const char *port;
	const char *pcap;	/* NULL: not given, so below */
	const char *wave;
	const char *control;
	const char *log;
	struct pcie_config pcie;
	uint64_t serial;	/* EUI-64 */
	bool link_up, link_down;	/* neither: as the port says */
	bool once;
	bool verbose;
	bool help;
	bool version;
};

/* Reads the command line. Returns false with a line in `error` that names the option that is wrong. */
bool options_parse(struct options *options, int argc, char **argv, char *error, size_t error_size);

void options_help(void);
void options_version(void);

#endif

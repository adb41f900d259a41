// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "options.h"
#include "port/port.h"
#include "vqnic_regs.h"

/* A second; above that a driver's time-outs strike anyway. */
#define RTT_NS_MAX 1000000000u

/* Locally administered. */
#define SERIAL_DEFAULT UINT64_C(0x020000fffe000001)

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },   { "port", required_argument, NULL, 'p' },
	{ "pcap", required_argument, NULL, 'P' },     { "wave", required_argument, NULL, 'w' },
	{ "control", required_argument, NULL, 'c' },  { "log", required_argument, NULL, 'l' },
	{ "pcie-rtt", required_argument, NULL, 'r' }, { "link", required_argument, NULL, 'L' },
	{ "serial", required_argument, NULL, 'S' },
	{ "once", no_argument, NULL, 'o' },	      { "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },	      { "version", no_argument, NULL, 'V' },
	{ 0 },
};

void options_help(void)
{
	printf("Usage: vqnic-sim --socket PATH --port SPEC [OPTION]...\n"
	       "       vqnic-sim ctl SOCKET COMMAND\n"
	       "\n"
	       "A simulated vqnic card. QEMU plugs it in with\n"
	       "  -device '{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"PATH\"}}'\n"
	       "and must share the guest's memory:\n"
	       "  -object memory-backend-memfd,id=mem0,size=2G,share=on -machine memory-backend=mem0\n"
	       "\n"
	       "  --socket PATH       where the vfio-user client connects\n"
	       "  --port SPEC         what is at the card's wire, see below\n"
	       "  --link up|down      carrier of the wire, whatever the port says; `ctl link` changes it\n"
	       "  --pcap FILE         record the frames on the wire\n"
	       "  --wave FILE.fst     write waves\n"
	       "  --control PATH      where `vqnic-sim ctl` connects\n"
	       "  --pcie-rtt NS       round-trip time of a read over PCIe; default: 0\n"
	       "  --serial EUI64      serial number of the card, 16 hexadecimal digits; default: 020000fffe000001\n"
	       "  --once              end when the client has gone; default: wait for the next one\n"
	       "  --log FILE          default: stderr\n"
	       "  -v, --verbose       log more\n"
	       "  -h, --help\n"
	       "  -V, --version\n"
	       "\n"
	       "Ports:\n%s\n"
	       "Commands of `ctl`:\n%s", port_help, control_help);
}

void options_version(void)
{
	printf("vqnic-sim %s, register map %d.%d\n", SIM_VERSION, VQNIC_VERSION_MAJOR_VALUE, VQNIC_VERSION_MINOR_VALUE);
}

/* Nanoseconds as cycles of the card's clock. */
static bool parse_rtt(const char *text, uint32_t *cycles)
{
	unsigned long ns;
	char *end;

	errno = 0;
	ns = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end || ns > RTT_NS_MAX)
		return false;
	*cycles = (uint32_t)((uint64_t)ns * VQNIC_CLOCK_HZ_REFERENCE / 1000000000u);
	return true;
}

static bool parse_serial(const char *text, uint64_t *serial)
{
	*serial = strtoull(text, NULL, 16);
	return strlen(text) == 16 && strspn(text, "0123456789abcdefABCDEF") == 16;
}

static bool parse_link(const char *text, bool *up, bool *down)
{
	*up = !strcmp(text, "up");
	*down = !strcmp(text, "down");
	return *up || *down;
}

/* getopt does not know what to do with `word`. */
static void explain_unknown(const char *word, char *error, size_t error_size)
{
	if (!strncmp(word, "--", 2))
		snprintf(error, error_size, "%s: %s", word, optopt ? "takes no value" : "no such option, see --help");
	else
		snprintf(error, error_size, "-%c: no such option, see --help", optopt);
}

bool options_parse(struct options *options, int argc, char **argv, char *error, size_t error_size)
{
	int option;

	*options = (struct options){ .serial = SERIAL_DEFAULT };
	opterr = 0;
	optind = 0;	/* begin anew, also after an earlier call */
	while ((option = getopt_long(argc, argv, ":vhV", long_options, NULL)) != -1) {
		switch (option) {
		case 's': options->socket = optarg; break;
		case 'p': options->port = optarg; break;
		case 'P': options->pcap = optarg; break;
		case 'w': options->wave = optarg; break;
		case 'c': options->control = optarg; break;
		case 'l': options->log = optarg; break;
		case 'o': options->once = true; break;
		case 'v': options->verbose = true; break;
		case 'h': options->help = true; return true;
		case 'V': options->version = true; return true;
		case 'L':
			if (parse_link(optarg, &options->link_up, &options->link_down))
				break;
			snprintf(error, error_size, "--link %s: neither up nor down", optarg);
			return false;
		case 'r':
			if (parse_rtt(optarg, &options->pcie.round_trip))
				break;
			snprintf(error, error_size, "--pcie-rtt %s: not from 0 to %u nanoseconds", optarg, RTT_NS_MAX);
			return false;
		case 'S':
			if (parse_serial(optarg, &options->serial))
				break;
			snprintf(error, error_size, "--serial %s: not 16 hexadecimal digits", optarg);
			return false;
		case ':':
			snprintf(error, error_size, "%s: its value is missing", argv[optind - 1]);
			return false;
		default:
			explain_unknown(argv[optind - 1], error, error_size);
			return false;
		}
	}
	if (optind < argc)
		snprintf(error, error_size, "%s: not an option, see --help", argv[optind]);
	else if (!options->socket)
		snprintf(error, error_size, "--socket PATH is needed");
	else if (!options->port)
		snprintf(error, error_size, "--port SPEC is needed");
	else
		return true;
	return false;
}

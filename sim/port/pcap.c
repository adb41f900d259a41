// SPDX-License-Identifier: Apache-2.0
/* Files instead of a far end: frames of one go to the card as fast as it takes them, what it sends goes to another. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "port.h"
#include "recorder.h"

struct pcap_port {
	struct port port;
	pcap_t *in;		/* NULL: nothing to replay, or all done */
	uint64_t replayed;
	struct recorder *out;
};

static void end_replay(struct pcap_port *files)
{
	pcap_close(files->in);
	files->in = NULL;
}

static void pcap_port_close(struct port *port)
{
	struct pcap_port *files = (struct pcap_port *)port;

	if (files->in)
		end_replay(files);
	recorder_close(files->out);
	free(files);
}

static int pcap_port_send(struct port *port, const void *frame, size_t len)
{
	struct pcap_port *files = (struct pcap_port *)port;

	return files->out ? recorder_write(files->out, frame, len) : 0;
}

static ssize_t pcap_port_receive(struct port *port, void *frame)
{
	struct pcap_port *files = (struct pcap_port *)port;

	while (files->in) {
		struct pcap_pkthdr *header;
		const u_char *data;
		int rc = pcap_next_ex(files->in, &header, &data);

		if (rc != 1) {
			if (rc == PCAP_ERROR)
				log_error("port pcap: replay stopped: %s", pcap_geterr(files->in));
			log_info("port pcap: %llu frames replayed", (unsigned long long)files->replayed);
			end_replay(files);
			return 0;
		}
		/* A frame that was not recorded whole is not the frame that it was. */
		if (!header->caplen || header->caplen < header->len || header->caplen > PORT_FRAME_MAX) {
			port->lost++;
			continue;
		}
		memcpy(frame, data, header->caplen);
		files->replayed++;
		return (ssize_t)header->caplen;
	}
	return 0;
}

static void pcap_port_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	(void)port, (void)set, (void)timeout_ms;
}

static void pcap_port_done(struct port *port, const struct pollset *set)
{
	struct pcap_port *files = (struct pcap_port *)port;

	(void)set;
	if (files->out && recorder_flush(files->out))
		log_error("port pcap: out: write error");
}

/* Opens the file to replay. Returns false with the error written. */
static bool open_in(struct pcap_port *files, const char *path, struct port_options *options)
{
	char why[PCAP_ERRBUF_SIZE];

	files->in = pcap_open_offline(path, why);
	if (!files->in)
		return port_error(options, "in: %s", why);
	if (pcap_datalink(files->in) != DLT_EN10MB)
		return port_error(options, "in: %s: link type %d is not Ethernet", path, pcap_datalink(files->in));
	return true;
}

struct port *port_pcap_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = pcap_port_close, .send = pcap_port_send, .receive = pcap_port_receive,
		.poll_fill = pcap_port_fill, .poll_done = pcap_port_done,
	};
	const char *in = port_option(options, "in"), *out = port_option(options, "out");
	struct pcap_port *files;
	char why[PCAP_ERRBUF_SIZE];

	if (!port_options_done(options))
		return NULL;
	if (!in && !out)
		return port_error(options, "in=FILE or out=FILE is needed");
	files = calloc(1, sizeof(*files));
	if (!files)
		return port_error(options, "out of memory");
	files->port.ops = &ops;
	files->port.waits = true;
	if (in && !open_in(files, in, options))
		goto err;
	if (out) {
		files->out = recorder_open(out, why, sizeof(why));
		if (!files->out) {
			port_error(options, "out: %s", why);
			goto err;
		}
	}
	return &files->port;
err:
	pcap_port_close(&files->port);
	return NULL;
}

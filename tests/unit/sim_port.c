// SPDX-License-Identifier: Apache-2.0
/* The far ends of the wire (sim/port). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "port.h"
#include "recorder.h"

static char folder[] = "/tmp/sim_port.XXXXXX";
static struct pollset set;

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	pollset_free(&set);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* Opens "FORMAT" with each %s replaced by the test's folder. */
static struct port *open_port(const char *format)
{
	char spec[512], error[256] = "";
	struct port *port;

	snprintf(spec, sizeof(spec), format, folder, folder);
	port = port_open(spec, error, sizeof(error));
	if (!port)
		print_error("%s\n", error);
	assert_non_null(port);
	return port;
}

static void refused(const char *format, const char *why)
{
	char spec[512], error[256] = "", expected[256];

	snprintf(spec, sizeof(spec), format, folder, folder);
	snprintf(expected, sizeof(expected), why, folder);
	assert_null(port_open(spec, error, sizeof(error)));
	assert_string_equal(error, expected);
}

/* One turn of an event loop, with a wait of up to `ms`. */
static void turn(struct port *port, int ms)
{
	pollset_clear(&set);
	port_poll_fill(port, &set, &ms);
	assert_int_equal(pollset_wait(&set, ms), 0);
	port_poll_done(port, &set);
}

/* The next frame, waited for up to a second. */
static ssize_t next_frame(struct port *port, uint8_t *frame)
{
	ssize_t n = port_receive(port, frame);

	for (int i = 0; !n && i < 100; i++) {
		turn(port, 10);
		n = port_receive(port, frame);
	}
	return n;
}

static void specs(void **state)
{
	(void)state;
	refused("", "port : there is no such port; there are slirp, tap, dgram, pcap, loopback and none");
	refused("wire", "port wire: there is no such port; there are slirp, tap, dgram, pcap, loopback and none");
	refused("none,", "port none: '' is not KEY=VALUE");
	refused("none,x", "port none: 'x' is not KEY=VALUE");
	refused("none,x=", "port none: 'x=' is not KEY=VALUE");
	refused("none,=x", "port none: '=x' is not KEY=VALUE");
	refused("none,x=1", "port none: unknown or repeated option 'x'");
	refused("loopback,x=1", "port loopback: unknown or repeated option 'x'");
	refused("none,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1",
		"port none: more than 16 options");
	refused("dgram,local=%s/a", "port dgram: local=PATH and remote=PATH are needed");
	refused("dgram,local=%s/a,local=b,remote=c", "port dgram: unknown or repeated option 'local'");
	refused("dgram,local=%s/no/a,remote=b", "port dgram: %s/no/a: No such file or directory");
	refused("dgram,remote=b,local=0123456789012345678901234567890123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567", "port dgram: a path is longer than 107 bytes");
	refused("tap", "port tap: ifname=NAME is needed, up to 15 bytes");
	refused("tap,ifname=a234567890123456", "port tap: ifname=NAME is needed, up to 15 bytes");
	refused("pcap", "port pcap: in=FILE or out=FILE is needed");
	refused("pcap,in=%s/none.pcap", "port pcap: in: %s/none.pcap: No such file or directory");
	refused("pcap,out=%s/no/out.pcap", "port pcap: out: %s/no/out.pcap: No such file or directory");
	refused("slirp,restrict=yes", "port slirp: restrict=yes is neither on nor off");
	refused("slirp,mtu=1279", "port slirp: mtu=1279 is not from 1280 to 9216");
	refused("slirp,mtu=9217", "port slirp: mtu=9217 is not from 1280 to 9216");
	refused("slirp,mtu=1500x", "port slirp: mtu=1500x is not from 1280 to 9216");
	refused("slirp,hostfwd=tcp:80",
		"port slirp: hostfwd=tcp:80 is not tcp:HOSTPORT:GUESTPORT or udp:HOSTPORT:GUESTPORT");
	refused("slirp,hostfwd=tcp:0:80",
		"port slirp: hostfwd=tcp:0:80 is not tcp:HOSTPORT:GUESTPORT or udp:HOSTPORT:GUESTPORT");
	refused("slirp,hostfwd=sctp:1:1",
		"port slirp: hostfwd=sctp:1:1 is not tcp:HOSTPORT:GUESTPORT or udp:HOSTPORT:GUESTPORT");
	refused("slirp,hostfwd=tcp:1:65536",
		"port slirp: hostfwd=tcp:1:65536 is not tcp:HOSTPORT:GUESTPORT or udp:HOSTPORT:GUESTPORT");
}

static void none(void **state)
{
	struct port *port = open_port("none");
	uint8_t frame[PORT_FRAME_MAX];

	(void)state;
	assert_false(port_link(port));
	assert_int_equal(port_send(port, "0123456789abcdef", 16), 0);
	assert_int_equal(port_receive(port, frame), 0);
	port_close(port);
}

static void loopback(void **state)
{
	struct port *port = open_port("loopback");
	uint8_t frame[PORT_FRAME_MAX], out[1500];

	(void)state;
	assert_true(port_link(port));
	for (size_t len = 14; len <= sizeof(out); len += 7) {
		memset(out, (int)len, len);
		assert_int_equal(port_send(port, out, len), 0);
	}
	for (size_t len = 14; len <= sizeof(out); len += 7) {
		assert_int_equal(port_receive(port, frame), len);
		memset(out, (int)len, len);
		assert_memory_equal(frame, out, len);
	}
	assert_int_equal(port_receive(port, frame), 0);
	/* Bounded: what does not fit is lost, and counted */
	for (size_t i = 0; i < 3000; i++)
		port_send(port, out, 64);
	assert_int_equal(port->lost, 3000 - 1024);
	port_close(port);
}

static void dgram(void **state)
{
	struct port *a = open_port("dgram,local=%s/a,remote=%s/b"), *b;
	uint8_t frame[PORT_FRAME_MAX], out[9000];
	static const uint8_t huge[70000];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	(void)state;
	memset(out, 0x5a, sizeof(out));
	/* Nobody there yet */
	assert_int_equal(port_send(a, out, 60), -ENOENT);
	b = open_port("dgram,local=%s/b,remote=%s/a");
	assert_int_equal(port_send(a, out, 60), 0);
	assert_int_equal(port_send(a, out, sizeof(out)), 0);
	assert_int_equal(next_frame(b, frame), 60);
	assert_int_equal(next_frame(b, frame), sizeof(out));
	assert_memory_equal(frame, out, sizeof(out));
	assert_int_equal(port_send(b, out, 14), 0);
	assert_int_equal(next_frame(a, frame), 14);
	/* More than the kernel lets wait: kept, in order */
	for (uint32_t i = 0; i < 1000; i++) {
		memcpy(out, &i, sizeof(i));
		assert_int_equal(port_send(a, out, 100), 0);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		turn(a, 0);
		assert_int_equal(next_frame(b, frame), 100);
		assert_memory_equal(frame, &i, sizeof(i));
	}
	/* Longer than a frame can be */
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/a", folder);
	assert_int_equal(sendto(fd, huge, sizeof(huge), 0, (struct sockaddr *)&address, sizeof(address)),
			 sizeof(huge));
	assert_int_equal(sendto(fd, out, 33, 0, (struct sockaddr *)&address, sizeof(address)), 33);
	assert_int_equal(next_frame(a, frame), 33);
	assert_int_equal(a->lost, 1);
	close(fd);
	/* The far end goes, and comes back */
	port_close(b);
	assert_int_equal(port_send(a, out, 60), -ENOENT);
	b = open_port("dgram,local=%s/b,remote=%s/a");
	assert_int_equal(port_send(a, out, 61), 0);
	assert_int_equal(next_frame(b, frame), 61);
	/* A socket that was left behind is replaced, and removed at the end. */
	port_close(a);
	assert_int_equal(stat(address.sun_path, &st), -1);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	a = open_port("dgram,local=%s/a,remote=%s/b");
	port_close(a);
	/* Any other file is not. */
	fd = open(address.sun_path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	refused("dgram,local=%s/a,remote=%s/b", "port dgram: %s/a: Address already in use");
	port_close(b);
}

static void write_pcap(const char *path, int link_type, u_int precision, bool cut)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(link_type, 65535, precision);
	pcap_dumper_t *file = pcap_dump_open(pcap, path);
	uint8_t data[9018];

	assert_non_null(file);
	for (uint32_t i = 0; i < 100; i++) {
		struct pcap_pkthdr header = { .ts.tv_sec = 1000 + i, .caplen = 14 + i * 90, .len = 14 + i * 90 };

		memset(data, (int)i, sizeof(data));
		if (cut && i % 2)
			header.len++;
		pcap_dump((u_char *)file, &header, data);
	}
	pcap_dump_close(file);
	pcap_close(pcap);
}

static void replay_and_record(void **state)
{
	const u_int precisions[] = { PCAP_TSTAMP_PRECISION_MICRO, PCAP_TSTAMP_PRECISION_NANO };
	char path[64], out[64], error[PCAP_ERRBUF_SIZE];
	bool nanoseconds = false;
	uint8_t frame[PORT_FRAME_MAX];
	struct pcap_pkthdr *header;
	const u_char *data;
	struct port *port;
	pcap_t *pcap;

	(void)state;
	snprintf(path, sizeof(path), "%s/in.pcap", folder);
	snprintf(out, sizeof(out), "%s/out.pcap", folder);
	for (size_t p = 0; p < 2; p++) {
		write_pcap(path, DLT_EN10MB, precisions[p], false);
		port = open_port("pcap,in=%s/in.pcap,out=%s/out.pcap");
		assert_true(port->waits);
		assert_true(port_link(port));
		for (uint32_t i = 0; i < 100; i++) {
			assert_int_equal(port_receive(port, frame), 14 + i * 90);
			assert_int_equal(frame[0], i);
			assert_int_equal(frame[13 + i * 90], i);
			assert_int_equal(port_send(port, frame, 14 + i * 90), 0);
		}
		assert_int_equal(port_receive(port, frame), 0);
		assert_int_equal(port_receive(port, frame), 0);
		/* What was recorded is in the file without the port being closed. */
		turn(port, 0);
		pcap = pcap_open_offline_with_tstamp_precision(out, PCAP_TSTAMP_PRECISION_NANO, error);
		assert_non_null(pcap);
		assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
		for (uint32_t i = 0; i < 100; i++) {
			assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
			assert_int_equal(header->caplen, 14 + i * 90);
			assert_int_equal(header->len, 14 + i * 90);
			assert_int_equal(data[13 + i * 90], i);
			assert_true(header->ts.tv_sec > 1600000000);
			nanoseconds |= header->ts.tv_usec % 1000 != 0;
		}
		assert_true(nanoseconds);
		assert_int_equal(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
		pcap_close(pcap);
		port_close(port);
	}
}

static void bad_recordings(void **state)
{
	char path[64];
	uint8_t frame[PORT_FRAME_MAX];
	struct port *port;

	(void)state;
	snprintf(path, sizeof(path), "%s/in.pcap", folder);
	write_pcap(path, DLT_IEEE802_11, PCAP_TSTAMP_PRECISION_MICRO, false);
	refused("pcap,in=%s/in.pcap", "port pcap: in: %s/in.pcap: link type 105 is not Ethernet");
	write_pcap(path, DLT_EN10MB, PCAP_TSTAMP_PRECISION_MICRO, true);
	port = open_port("pcap,in=%s/in.pcap");
	for (int i = 0; i < 50; i++)
		assert_int_equal(port_receive(port, frame), 14 + i * 180);
	assert_int_equal(port_receive(port, frame), 0);
	assert_int_equal(port->lost, 50);
	port_close(port);
	/* Torn in the middle of a frame: what is whole is replayed. */
	write_pcap(path, DLT_EN10MB, PCAP_TSTAMP_PRECISION_MICRO, false);
	assert_int_equal(truncate(path, 24 + 16 + 14 + 16 + 50), 0);
	port = open_port("pcap,in=%s/in.pcap");
	assert_int_equal(port_receive(port, frame), 14);
	assert_int_equal(port_receive(port, frame), 0);
	port_close(port);
	assert_int_equal(truncate(path, 10), 0);
	refused("pcap,in=%s/in.pcap",
		"port pcap: in: truncated dump file; tried to read 24 file header bytes, only got 6");
}

/* Recording to a full disk is reported, not ignored. */
static void full_disk(void **state)
{
	char error[256];
	struct recorder *recorder = recorder_open("/dev/full", error, sizeof(error));
	int rc = 0;

	(void)state;
	assert_non_null(recorder);
	for (int i = 0; !rc && i < 100; i++)
		rc = recorder_write(recorder, error, sizeof(error));
	assert_int_equal(rc, -EIO);
	recorder_close(recorder);
	recorder = recorder_open("/dev/full", error, sizeof(error));
	assert_int_equal(recorder_write(recorder, error, 14), 0);
	assert_int_equal(recorder_flush(recorder), -EIO);
	recorder_close(recorder);
}

static void set_up(const char *name, bool up)
{
	struct ifreq request = { .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(request.ifr_name, name);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static void tap(void **state)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(0x88b5) };
	uint8_t frame[PORT_FRAME_MAX], out[60] = { [0 ... 5] = 0xff, [12] = 0x88, 0xb5, 1, 2, 3 };
	struct port *port;
	ssize_t n;
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) || access("/dev/net/tun", R_OK | W_OK)) {
		print_message("no network namespace or /dev/net/tun\n");
		skip();
	}
	port = open_port("tap,ifname=vqtest0");
	refused("tap,ifname=vqtest0", "port tap: interface vqtest0: Device or resource busy");
	assert_false(port_link(port));
	set_up("vqtest0", true);
	turn(port, 1000);
	assert_true(port_link(port));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(0x88b5));
	assert_true(fd >= 0);
	address.sll_ifindex = (int)if_nametoindex("vqtest0");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	/* From the card to the interface, and back */
	assert_int_equal(port_send(port, out, sizeof(out)), 0);
	assert_int_equal(recv(fd, frame, sizeof(frame), 0), sizeof(out));
	assert_memory_equal(frame, out, sizeof(out));
	assert_int_equal(send(fd, out, sizeof(out), 0), sizeof(out));
	do {	/* the kernel has things to say, too */
		n = next_frame(port, frame);
		assert_true(n > 0);
	} while (frame[12] != 0x88 || frame[13] != 0xb5);
	assert_int_equal(n, sizeof(out));
	assert_memory_equal(frame, out, sizeof(out));
	set_up("vqtest0", false);
	turn(port, 1000);
	assert_false(port_link(port));
	assert_int_equal(port_send(port, out, sizeof(out)), -EIO);
	close(fd);
	port_close(port);
	/* Made by us: gone with us */
	assert_int_equal(if_nametoindex("vqtest0"), 0);
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A guest that broadcasts DHCPDISCOVER is offered the first address. */
static void slirp_dhcp(void **state)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	static const uint8_t dhcp_options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255 };
	struct port *port = open_port("slirp,restrict=on,mtu=9000");
	uint8_t frame[PORT_FRAME_MAX], out[14 + 20 + 8 + 300] = { 0 }, *ip = out + 14, *udp = ip + 20, *dhcp = udp + 8;
	ssize_t n;

	(void)state;
	assert_true(port_link(port));
	memset(out, 0xff, 6);
	memcpy(out + 6, mac, 6);
	out[12] = 8;
	memcpy(ip, (uint8_t[20]){ 0x45, 0, 1, 72, 0, 1, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255 }, 20);
	ip[10] = (uint8_t)(checksum(ip, 20) >> 8);
	ip[11] = (uint8_t)checksum(ip, 20);
	memcpy(ip + 10, (uint8_t[2]){ 0, 0 }, 2);
	n = checksum(ip, 20);
	ip[10] = (uint8_t)(n >> 8);
	ip[11] = (uint8_t)n;
	memcpy(udp, (uint8_t[8]){ 0, 68, 0, 67, 1, 52, 0, 0 }, 8);
	memcpy(dhcp, (uint8_t[8]){ 1, 1, 6, 0, 0xca, 0xfe, 0xba, 0xbe }, 8);
	memcpy(dhcp + 28, mac, 6);
	memcpy(dhcp + 236, dhcp_options, sizeof(dhcp_options));
	assert_int_equal(port_send(port, out, sizeof(out)), 0);
	do {	/* router advertisements come first, or not */
		n = next_frame(port, frame);
		assert_true(n > 0);
	} while (frame[12] != 8 || frame[13] != 0);
	dhcp = frame + 14 + 20 + 8;
	assert_memory_equal(dhcp + 4, out + 14 + 20 + 8 + 4, 4);
	assert_memory_equal(dhcp + 16, ((uint8_t[4]){ 10, 0, 2, 15 }), 4);
	port_close(port);
}

static void slirp_forward(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(34567) };
	struct port *port;
	uint8_t frame[PORT_FRAME_MAX];
	int fd;

	(void)state;
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	port = open_port("slirp,hostfwd=tcp:34567:22,hostfwd=udp:34567:53");
	refused("slirp,hostfwd=tcp:34567:22",
		"port slirp: cannot listen on TCP port 34567 of 127.0.0.1: Address already in use");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	/* libslirp asks who has the guest's address. */
	do {
		assert_true(next_frame(port, frame) > 0);
	} while (frame[12] != 8 || frame[13] != 6);
	assert_memory_equal(frame + 38, ((uint8_t[4]){ 10, 0, 2, 15 }), 4);
	close(fd);
	port_close(port);
}

/* The loopback interface of a new namespace is down. */
static int lo_up(void **state)
{
	(void)state;
	if (!unshare(CLONE_NEWNET))
		set_up("lo", true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs),
		cmocka_unit_test(none),
		cmocka_unit_test(loopback),
		cmocka_unit_test(dgram),
		cmocka_unit_test(replay_and_record),
		cmocka_unit_test(bad_recordings),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(tap),
		cmocka_unit_test(slirp_dhcp),
		cmocka_unit_test_setup(slirp_forward, lo_up),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

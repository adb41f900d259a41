// SPDX-License-Identifier: Apache-2.0
/* The board around the card (sim/board.c), and its control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "control.h"
#include "pci/config.h"
#include "protocol.h"
#include "sim_fake_model.h"
#include "unix_socket.h"

#define COMMAND_BITS (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
#define MSIX_CONTROL 0x92

/* A wire whose far end is this test. `waits` is set by the tests that need it. */
static struct wire {
	struct port port;
	unsigned int to_card, from_card;	/* frames */
	int send_result;
	bool down;
} wire;

static int wire_send(struct port *port, const void *frame, size_t len)
{
	(void)port, (void)frame, (void)len;
	wire.from_card++;
	return wire.send_result;
}

static ssize_t wire_receive(struct port *port, void *frame)
{
	(void)port;
	if (!wire.to_card)
		return 0;
	memset(frame, (int)wire.to_card--, 60);
	return 60;
}

static bool wire_link(const struct port *port)
{
	(void)port;
	return !wire.down;
}

static struct board *board;
static int client;
static char folder[] = "/tmp/sim_board.XXXXXX";

static void hang_up(void)
{
	if (client >= 0)
		close(client);
	client = -1;
}

static void send_message(uint16_t command, const void *payload, size_t len, int fd)
{
	struct vfio_user_header header = {
		.command = command, .size = (uint32_t)(sizeof(header) + len), .flags = VFIO_USER_NO_REPLY,
	};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)payload, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(client, &msg, 0), header.size);
	assert_true(board_serve(board));
}

static void write_region(uint32_t region, uint64_t offset, uint32_t value, uint32_t len)
{
	struct {
		struct vfio_user_region_access access;
		uint32_t value;
	} message = { { offset, region, len }, value };

	send_message(VFIO_USER_REGION_WRITE, &message, sizeof(message.access) + len, -1);
}

static void plug_in(void)
{
	uint8_t version[4] = { 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	client = ends[0];
	assert_int_equal(board_connect(board, ends[1]), 0);
	send_message(VFIO_USER_VERSION, version, sizeof(version), -1);
}

static void enable(uint16_t command)
{
	write_region(VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, command, 2);
}

static int setup(void **state)
{
	static const struct port_ops ops = { .send = wire_send, .receive = wire_receive, .link = wire_link };

	(void)state;
	wire = (struct wire){ .port.ops = &ops };
	board = board_new(&(struct pcie_config){ .round_trip = 200 }, 1, &wire.port);
	assert_non_null(board);
	assert_int_equal(fake.pcie.round_trip, 200);
	plug_in();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hang_up();
	board_free(board);
	return 0;
}

static uint64_t stat_of(const char *name)
{
	struct json_object *stats = board_stats(board), *value;
	uint64_t n;

	assert_true(json_object_object_get_ex(stats, name, &value));
	n = json_object_get_uint64(value);
	json_object_put(stats);
	return n;
}

static void dma_needs_bus_master(void **state)
{
	struct vfio_user_dma_map map = { .argsz = sizeof(map), .flags = 3, .address = 0x1000, .size = 0x1000 };
	int fd = memfd_create("guest", MFD_CLOEXEC);
	uint32_t value = 1;

	(void)state;
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	send_message(VFIO_USER_DMA_MAP, &map, sizeof(map), fd);
	assert_int_equal(fake.ops->dma_read(fake.opaque, 0x1000, &value, 4), -EPERM);
	assert_int_equal(fake.ops->dma_write(fake.opaque, 0x1000, &value, 4), -EPERM);
	enable(PCI_COMMAND_MEMORY);
	assert_int_equal(fake.ops->dma_read(fake.opaque, 0x1000, &value, 4), -EPERM);
	enable(COMMAND_BITS);
	assert_int_equal(fake.ops->dma_write(fake.opaque, 0x1000, &value, 4), 0);
	assert_int_equal(fake.ops->dma_read(fake.opaque, 0x1000, &value, 4), 0);
	assert_int_equal(fake.ops->dma_read(fake.opaque, 0x2000, &value, 4), -EFAULT);
	assert_int_equal(stat_of("dma_errors"), 4);
	assert_int_equal(stat_of("dma_reads"), 4);
	assert_int_equal(stat_of("dma_write_bytes"), 8);
	/* A new client starts from nothing. */
	hang_up();
	assert_false(board_serve(board));
	assert_int_equal(fake.resets, 1);
	plug_in();
	enable(COMMAND_BITS);
	assert_int_equal(fake.ops->dma_read(fake.opaque, 0x1000, &value, 4), -EFAULT);
	close(fd);
}

static void set_vector(uint32_t vector, int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX, .start = vector, .count = 1,
	};

	send_message(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fd);
}

static uint64_t signalled(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void messages(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	set_vector(3, fd);
	/* Neither with MSI-X off nor without bus master */
	enable(COMMAND_BITS);
	fake.ops->msix(fake.opaque, 3);
	enable(PCI_COMMAND_MEMORY);
	write_region(VFIO_PCI_CONFIG_REGION_INDEX, MSIX_CONTROL, PCI_MSIX_FLAGS_ENABLE, 2);
	fake.ops->msix(fake.opaque, 3);
	assert_int_equal(signalled(fd), 0);
	enable(COMMAND_BITS);
	fake.ops->msix(fake.opaque, 3);
	assert_int_equal(signalled(fd), 1);
	fake.ops->msix(fake.opaque, VQNIC_MSIX_VECTOR_COUNT);
	assert_int_equal(stat_of("interrupts"), 1);
	assert_int_equal(stat_of("interrupts_lost"), 3);
	/* A message that nobody listens to waits for a listener, once. */
	fake.ops->msix(fake.opaque, 5);
	fake.ops->msix(fake.opaque, 5);
	set_vector(4, fd);
	assert_int_equal(signalled(fd), 0);
	set_vector(5, fd);
	assert_int_equal(signalled(fd), 1);
	set_vector(5, fd);
	assert_int_equal(signalled(fd), 0);
	close(fd);
}

static void frames_to_the_card(void **state)
{
	(void)state;
	wire.to_card = 3;
	/* Nobody drives the card: they are lost, but for a port that waits. */
	board_run(board, 100);
	assert_int_equal(wire.to_card, 0);
	assert_int_equal(stat_of("frames_in_lost"), 3);
	wire.to_card = 3;
	wire.port.waits = true;
	board_run(board, 100);
	assert_int_equal(wire.to_card, 3);
	assert_false(board_busy(board));
	enable(COMMAND_BITS);
	board_run(board, 100);
	assert_int_equal(fake.rx_frames, 3);
	assert_int_equal(fake.last_frame_len, 60);
	assert_int_equal(fake.last_frame[0], 1);
	/* All of them, whatever the card's own queue can hold, and in few cycles */
	wire.to_card = 1000;
	fake.busy = 1000000;
	for (int i = 0; i < 1000 && wire.to_card; i++)
		board_run(board, 256);
	assert_int_equal(fake.rx_frames, 1003);
	assert_in_range(fake.cycles, 1000, 10000);
	/* A card that takes none gets none, and nothing is lost. */
	assert_int_equal(stat_of("frames_in_lost"), 3);
	assert_int_equal(stat_of("frames_in"), 1003);
	/* No carrier, no frames */
	board_set_link(board, BOARD_LINK_DOWN);
	wire.to_card = 2;
	wire.port.waits = false;
	board_run(board, 100);
	assert_int_equal(fake.rx_frames, 1003);
	assert_int_equal(stat_of("frames_in_lost"), 5);
}

static void frames_from_the_card(void **state)
{
	(void)state;
	board_run(board, 0);
	fake.ops->tx_frame(fake.opaque, "0123456789abcdef", 16);
	assert_int_equal(wire.from_card, 1);
	wire.send_result = -ENOENT;
	fake.ops->tx_frame(fake.opaque, "0123456789abcdef", 16);
	board_set_link(board, BOARD_LINK_DOWN);
	fake.ops->tx_frame(fake.opaque, "0123456789abcdef", 16);
	assert_int_equal(wire.from_card, 2);
	assert_int_equal(stat_of("frames_out"), 1);
	assert_int_equal(stat_of("bytes_out"), 16);
	assert_int_equal(stat_of("frames_out_lost"), 2);
}

static void carrier(void **state)
{
	(void)state;
	board_run(board, 0);
	assert_true(fake.link);
	wire.down = true;
	board_run(board, 0);
	assert_false(fake.link);
	board_set_link(board, BOARD_LINK_UP);
	assert_true(fake.link);
	board_set_link(board, BOARD_LINK_AUTO);
	assert_false(fake.link);
}

static void clock_stands_still(void **state)
{
	(void)state;
	assert_false(board_busy(board));
	board_run(board, 1000);
	assert_int_equal(fake.cycles, 0);
	fake.busy = 300;
	assert_true(board_busy(board));
	board_run(board, 256);
	assert_int_equal(fake.cycles, 256);
	board_run(board, 256);
	assert_int_equal(fake.cycles, 300);
	assert_false(board_busy(board));
}

static void device_reset(void **state)
{
	(void)state;
	enable(COMMAND_BITS);
	write_region(VFIO_PCI_BAR0_REGION_INDEX, VQNIC_REG_SCRATCH, 5, 4);
	assert_int_equal(fake.registers[VQNIC_REG_SCRATCH / 4], 5);
	send_message(VFIO_USER_DEVICE_RESET, NULL, 0, -1);
	assert_int_equal(fake.resets, 1);
	/* Memory is disabled again. */
	write_region(VFIO_PCI_BAR0_REGION_INDEX, VQNIC_REG_SCRATCH, 5, 4);
	assert_int_equal(fake.registers[VQNIC_REG_SCRATCH / 4], 0);
}

/* ---- control socket ---- */

static struct control *control;
static char control_path[64];

static int setup_control(void **state)
{
	char error[256];

	setup(state);
	snprintf(control_path, sizeof(control_path), "%s/control", folder);
	control = control_new(control_path, board, error, sizeof(error));
	assert_non_null(control);
	return 0;
}

static int teardown_control(void **state)
{
	struct stat st;

	control_free(control);
	assert_int_equal(stat(control_path, &st), -1);
	return teardown(state);
}

static void control_turn(struct pollset *set)
{
	pollset_clear(set);
	control_poll_fill(control, set);
	pollset_wait(set, 0);
	control_poll_done(control, set);
}

/* Sends text and returns what is answered, up to a few lines. */
static const char *tell(const char *text)
{
	static char answer[4096];
	struct pollset set = { 0 };
	int fd = unix_connect(control_path, answer, sizeof(answer));
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	for (int i = 0; i < 4; i++)
		control_turn(&set);
	n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = 0;
	close(fd);
	control_turn(&set);
	pollset_free(&set);
	return answer;
}

static void commands(void **state)
{
	static char too_long[6000];
	struct json_object *stats;
	char line[128], path[64];
	struct stat st;

	(void)state;
	board_run(board, 0);
	assert_string_equal(tell("link down\n"), "ok\n");
	assert_false(fake.link);
	assert_string_equal(tell("link up\nlink auto\n"), "ok\nok\n");
	assert_true(fake.link);
	assert_string_equal(tell("force 4 xyz\n"),
			    "error: force takes OFFSET VALUE, both hexadecimal, not '4 xyz'\n");
	assert_string_equal(tell("force 4\n"), "error: force takes OFFSET VALUE, both hexadecimal, not '4'\n");
	assert_string_equal(tell("force 5 1\n"), "error: 0x5 is not the offset of a word of BAR0\n");
	assert_string_equal(tell("force 40000 1\n"), "error: 0x40000 is not the offset of a word of BAR0\n");
	assert_string_equal(tell("force 4 20000\nunforce\n"), "ok\nok\n");
	assert_string_equal(tell("wave stop\n"), "error: waves are off already\n");
	assert_string_equal(tell("wave start /tmp/x.fst\n"), "ok\n");
	assert_true(fake.tracing);
	assert_string_equal(tell("wave start /tmp/x.fst\n"), "error: waves are on already\n");
	assert_string_equal(tell("wave stop\n"), "ok\n");
	assert_false(fake.tracing);
	/* A file name may have a space in it. */
	snprintf(path, sizeof(path), "%s/wire one.pcap", folder);
	snprintf(line, sizeof(line), "pcap start %s\n", path);
	assert_string_equal(tell(line), "ok\n");
	assert_string_equal(tell(line), "error: recording is on already\n");
	fake.ops->tx_frame(fake.opaque, "0123456789abcdef", 16);
	board_flush(board);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 24 + 16 + 16);
	assert_string_equal(tell("pcap stop\n"), "ok\n");
	assert_string_equal(tell("pcap stop\n"), "error: recording is off already\n");
	assert_string_equal(tell("pcap start /nowhere/x\n"), "error: /nowhere/x: No such file or directory\n");
	assert_string_equal(tell("dance\n"), "error: unknown command 'dance'\n");
	assert_string_equal(tell("wave start \n"), "error: unknown command 'wave start '\n");
	assert_string_equal(tell("link upwards\n"), "error: unknown command 'link upwards'\n");
	assert_string_equal(tell("\n"), "error: unknown command ''\n");
	assert_string_equal(tell("link up"), "");
	memset(too_long, 'x', sizeof(too_long) - 1);
	assert_string_equal(tell(too_long), "error: the line is too long\n");
	stats = json_tokener_parse(tell("stats\n"));
	assert_non_null(stats);
	assert_true(json_object_object_get_ex(stats, "cpu_seconds", NULL));
	json_object_put(stats);
	assert_false(control_wants_quit(control));
	assert_string_equal(tell("quit\n"), "ok\n");
	assert_true(control_wants_quit(control));
}

/* More clients than there is room for, each in the middle of a line, cost nothing but their connection. */
static void many_clients(void **state)
{
	struct pollset set = { 0 };
	char error[256];
	int fds[12];

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		fds[i] = unix_connect(control_path, error, sizeof(error));
		assert_true(fds[i] >= 0);
		assert_int_equal(send(fds[i], "sta", 3, 0), 3);
		control_turn(&set);
		control_turn(&set);
	}
	for (size_t i = 0; i < 12; i++)
		close(fds[i]);
	control_turn(&set);
	assert_string_equal(tell("link up\n"), "ok\n");
	pollset_free(&set);
}

/* The client that users call: prints an answer, or says what is wrong, and makes files absolute. */
static void client_program(void **state)
{
	struct {
		int count;
		char *words[4];
		int status;
		const char *output;
	} runs[] = {
		{ 2, { "link", "up" }, 0, "ok\n" },
		{ 2, { "link", "sideways" }, 1, "vqnic-sim ctl: unknown command 'link sideways'\n" },
		{ 3, { "pcap", "start", "relative.pcap" }, 0, "ok\n" },
		{ 2, { "pcap", "stop" }, 0, "ok\n" },
		{ 2, { "link", "up\nquit" }, 1, "vqnic-sim ctl: 'up\nquit': too long, or more than a line\n" },
	};
	struct stat st;
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct pollset set = { 0 };
		char output[256];
		int ends[2], status, done = 0;
		ssize_t n;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		if (!pid) {
			dup2(ends[1], STDOUT_FILENO);
			dup2(ends[1], STDERR_FILENO);
			if (chdir(folder))
				_exit(99);
			status = control_client(control_path, runs[i].count, runs[i].words);
			fflush(stdout);
			_exit(status);
		}
		for (int turn = 0; turn < 1000 && !done; turn++) {
			control_turn(&set);
			usleep(2000);
			done = waitpid(pid, &status, WNOHANG);
		}
		assert_int_equal(done, pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), runs[i].status);
		close(ends[1]);
		n = read(ends[0], output, sizeof(output) - 1);
		output[n > 0 ? n : 0] = 0;
		assert_string_equal(output, runs[i].output);
		close(ends[0]);
		pollset_free(&set);
	}
	snprintf(path, sizeof(path), "%s/relative.pcap", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_false(control_wants_quit(control));
}

/* A socket of a running process is not taken away from it; one that was left behind is. */
static void sockets(void **state)
{
	char error[256];
	int fd;

	(void)state;
	assert_int_equal(unix_listen(control_path, error, sizeof(error)), -1);
	assert_non_null(strstr(error, ": Address already in use"));
	assert_string_equal(tell("link up\n"), "ok\n");
	snprintf(control_path, sizeof(control_path), "%s/stale", folder);
	fd = unix_listen(control_path, error, sizeof(error));
	assert_true(fd >= 0);
	close(fd);
	fd = unix_listen(control_path, error, sizeof(error));
	assert_true(fd >= 0);
	close(fd);
	snprintf(control_path, sizeof(control_path), "%s/control", folder);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dma_needs_bus_master, setup, teardown),
		cmocka_unit_test_setup_teardown(messages, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_to_the_card, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_from_the_card, setup, teardown),
		cmocka_unit_test_setup_teardown(carrier, setup, teardown),
		cmocka_unit_test_setup_teardown(clock_stands_still, setup, teardown),
		cmocka_unit_test_setup_teardown(device_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(commands, setup_control, teardown_control),
		cmocka_unit_test_setup_teardown(many_clients, setup_control, teardown_control),
		cmocka_unit_test_setup_teardown(client_program, setup_control, teardown_control),
		cmocka_unit_test_setup_teardown(sockets, setup_control, teardown_control),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

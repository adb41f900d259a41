// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board.h"
#include "clock.h"
#include "log.h"
#include "pci/function.h"
#include "port/recorder.h"
#include "vfio-user/server.h"
#include "vqnic_model.h"

/* Cycles between two looks for a frame for the card, while there are some. */
#define FRAME_CYCLES 32

/* A driver's bug repeats itself: after so many, errors of one client are only counted. */
#define DMA_ERRORS_LOGGED 16

struct board {
	struct vqnic_model *model;
	struct pci_function function;
	struct vfio_user *vfio_user;
	struct port *port;
	struct recorder *recorder;
	bool tracing;
	enum board_link link;
	bool link_up;
	bool violation_logged;
	unsigned int dma_errors_logged;

	/* The next frame for the card; 0 bytes: none */
	uint8_t frame[PORT_FRAME_MAX];
	size_t frame_len;

	uint64_t start_ns, busy_ns;
	uint64_t clients;
	uint64_t dma_reads, dma_read_bytes, dma_writes, dma_write_bytes, dma_errors;
	uint64_t interrupts, interrupts_lost;
	uint64_t frames_in, bytes_in, frames_in_lost;	/* to the card */
	uint64_t frames_out, bytes_out, frames_out_lost;
};

static int dma_result(struct board *board, const char *what, uint64_t address, size_t len, int rc)
{
	if (!rc)
		return 0;
	board->dma_errors++;
	if (board->dma_errors_logged++ < DMA_ERRORS_LOGGED)
		log_warn("DMA %s of %zu bytes at %#llx refused: %s", what, len, (unsigned long long)address,
			 rc == -EPERM ? "bus master is off" : strerror(-rc));
	return rc;
}

static int on_dma_read(void *opaque, uint64_t address, void *data, size_t len)
{
	struct board *board = opaque;
	int rc = -EPERM;

	board->dma_reads++;
	board->dma_read_bytes += len;
	if (pci_config_bus_master(&board->function.config))
		rc = vfio_user_dma_read(board->vfio_user, address, data, len);
	return dma_result(board, "read", address, len, rc);
}

static int on_dma_write(void *opaque, uint64_t address, const void *data, size_t len)
{
	struct board *board = opaque;
	int rc = -EPERM;

	board->dma_writes++;
	board->dma_write_bytes += len;
	if (pci_config_bus_master(&board->function.config))
		rc = vfio_user_dma_write(board->vfio_user, address, data, len);
	return dma_result(board, "write", address, len, rc);
}

/* A message is a memory write of the function. With nobody listening to its vector it waits in the pending bits. */
static void on_msix(void *opaque, unsigned int vector)
{
	struct board *board = opaque;

	if (vector >= VQNIC_MSIX_VECTOR_COUNT || !pci_config_bus_master(&board->function.config) ||
	    !pci_config_msix_enabled(&board->function.config)) {
		board->interrupts_lost++;
		return;
	}
	board->interrupts++;
	if (vfio_user_msix(board->vfio_user, vector))
		board->function.msix_pending[vector / 8] |= (uint8_t)(1 << vector % 8);
}

static void record(struct board *board, const void *frame, size_t len)
{
	if (!board->recorder || !recorder_write(board->recorder, frame, len))
		return;
	log_error("pcap: write error, recording stopped");
	board_pcap_stop(board);
}

static void on_tx_frame(void *opaque, const void *frame, size_t len)
{
	struct board *board = opaque;

	if (!board->link_up || port_send(board->port, frame, len)) {
		board->frames_out_lost++;
		return;
	}
	board->frames_out++;
	board->bytes_out += len;
	record(board, frame, len);
}

static int on_region_read(void *opaque, uint32_t region, uint64_t offset, void *data, size_t len)
{
	struct board *board = opaque;

	if (region != VFIO_PCI_CONFIG_REGION_INDEX)
		return pci_function_bar_read(&board->function, region, offset, data, len);
	pci_function_config_read(&board->function, offset, data, len);
	return 0;
}

static int on_region_write(void *opaque, uint32_t region, uint64_t offset, const void *data, size_t len)
{
	struct board *board = opaque;

	if (region != VFIO_PCI_CONFIG_REGION_INDEX)
		return pci_function_bar_write(&board->function, region, offset, data, len);
	pci_function_config_write(&board->function, offset, data, len);
	return 0;
}

static void on_reset(void *opaque)
{
	struct board *board = opaque;

	log_info("device reset");
	pci_function_reset(&board->function);
}

static void on_vector_ready(void *opaque, uint32_t vector)
{
	struct board *board = opaque;

	if (!(board->function.msix_pending[vector / 8] & 1 << vector % 8))
		return;
	board->function.msix_pending[vector / 8] &= (uint8_t)~(1 << vector % 8);
	vfio_user_msix(board->vfio_user, vector);
}

struct board *board_new(const struct pcie_config *pcie, uint64_t serial, struct port *port)
{
	static const struct vqnic_model_ops ops = {
		.dma_read = on_dma_read, .dma_write = on_dma_write, .msix = on_msix, .tx_frame = on_tx_frame,
	};
	struct vfio_user_device device = {
		.region_size[VFIO_PCI_CONFIG_REGION_INDEX] = PCI_CFG_SPACE_EXP_SIZE,
		.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = VQNIC_MSIX_VECTOR_COUNT,
		.region_read = on_region_read, .region_write = on_region_write,
		.reset = on_reset, .vector_ready = on_vector_ready,
	};
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	for (unsigned int bar = 0; bar < PCI_FUNCTION_BARS; bar++)
		device.region_size[VFIO_PCI_BAR0_REGION_INDEX + bar] = pci_function_bar_size(bar);
	board->port = port;
	board->start_ns = clock_ns();
	board->vfio_user = vfio_user_new(&device, board);
	board->model = vqnic_model_new(pcie, &ops, board);
	if (!board->model || !board->vfio_user) {
		board_free(board);
		return NULL;
	}
	pci_function_init(&board->function, board->model, serial);
	return board;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	board_wave_stop(board);
	board_pcap_stop(board);
	vfio_user_free(board->vfio_user);
	if (board->model)
		vqnic_model_free(board->model);
	free(board);
}

int board_connect(struct board *board, int fd)
{
	int rc = vfio_user_connect(board->vfio_user, fd);

	if (rc)
		return rc;
	board->clients++;
	board->dma_errors_logged = 0;
	log_info("client connected");
	return 0;
}

int board_client_fd(const struct board *board)
{
	return vfio_user_fd(board->vfio_user);
}

short board_client_events(const struct board *board)
{
	return vfio_user_poll_events(board->vfio_user);
}

bool board_serve(struct board *board)
{
	int rc = vfio_user_serve(board->vfio_user);

	if (!rc)
		return true;
	if (rc == -ECONNRESET || rc == -EPIPE)
		log_info("client gone");
	else
		log_warn("client disconnected: %s", strerror(-rc));
	pci_function_reset(&board->function);
	return false;
}

static void update_link(struct board *board)
{
	bool up = board->link == BOARD_LINK_AUTO ? port_link(board->port) : board->link == BOARD_LINK_UP;

	if (up == board->link_up)
		return;
	board->link_up = up;
	log_info("link %s", up ? "up" : "down");
	vqnic_model_set_link(board->model, up);
}

/* Gives the card frames until it has no room or there are none. One that it has no room for is kept. */
static void feed(struct board *board)
{
	bool ready = board->link_up && pci_config_bus_master(&board->function.config);

	/* A recording is not wasted on a card that nobody drives; other ports do not wait. */
	if (!ready && board->port->waits)
		return;
	for (;;) {
		if (!board->frame_len)
			board->frame_len = (size_t)port_receive(board->port, board->frame);
		if (!board->frame_len)
			return;
		if (!ready) {
			board->frames_in_lost++;
		} else if (vqnic_model_rx_frame(board->model, board->frame, board->frame_len, false)) {
			board->frames_in++;
			board->bytes_in += board->frame_len;
			record(board, board->frame, board->frame_len);
		} else {
			return;
		}
		board->frame_len = 0;
	}
}

void board_run(struct board *board, uint64_t cycles)
{
	uint64_t start;

	update_link(board);
	feed(board);
	if (!board_busy(board))
		return;
	start = clock_ns();
	while (cycles && board_busy(board)) {
		uint64_t n = board->frame_len && cycles > FRAME_CYCLES ? FRAME_CYCLES : cycles;

		cycles -= vqnic_model_run(board->model, n);
		feed(board);
	}
	board->busy_ns += clock_ns() - start;
	if (!board->violation_logged && vqnic_model_violation(board->model)) {
		board->violation_logged = true;
		log_error("the card broke a rule of its bus: %s", vqnic_model_violation(board->model));
	}
}

bool board_busy(const struct board *board)
{
	/* As long as there is a frame that the card has no room for, it is not idle. */
	return !vqnic_model_idle(board->model);
}

void board_flush(struct board *board)
{
	if (!board->recorder || !recorder_flush(board->recorder))
		return;
	log_error("pcap: write error, recording stopped");
	board_pcap_stop(board);
}

void board_force(struct board *board, uint32_t offset, uint32_t value)
{
	board->function.forced = true;
	board->function.forced_offset = offset;
	board->function.forced_value = value;
}

void board_unforce(struct board *board)
{
	board->function.forced = false;
}

void board_set_link(struct board *board, enum board_link link)
{
	board->link = link;
	update_link(board);
}

int board_wave_start(struct board *board, const char *path, char *error, size_t error_size)
{
	int rc = vqnic_model_trace_start(board->model, path);

	if (rc == -EBUSY)
		snprintf(error, error_size, "waves are on already");
	else if (rc)
		snprintf(error, error_size, "%s: %s", path, strerror(-rc));
	else
		board->tracing = true;
	return rc;
}

int board_wave_stop(struct board *board)
{
	if (!board->tracing)
		return -EALREADY;
	vqnic_model_trace_stop(board->model);
	board->tracing = false;
	return 0;
}

int board_pcap_start(struct board *board, const char *path, char *error, size_t error_size)
{
	if (board->recorder) {
		snprintf(error, error_size, "recording is on already");
		return -EBUSY;
	}
	board->recorder = recorder_open(path, error, error_size);
	return board->recorder ? 0 : -EIO;
}

int board_pcap_stop(struct board *board)
{
	if (!board->recorder)
		return -EALREADY;
	recorder_close(board->recorder);
	board->recorder = NULL;
	return 0;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct json_object *board_stats(const struct board *board)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "cycles", vqnic_model_cycles(board->model) },
		{ "clients", board->clients },
		{ "resets", board->function.resets },
		{ "mmio_reads", board->function.mmio_reads },
		{ "mmio_writes", board->function.mmio_writes },
		{ "doorbells", board->function.doorbells },
		{ "config_reads", board->function.config_reads },
		{ "config_writes", board->function.config_writes },
		{ "interrupts", board->interrupts },
		{ "interrupts_lost", board->interrupts_lost },
		{ "dma_reads", board->dma_reads },
		{ "dma_read_bytes", board->dma_read_bytes },
		{ "dma_writes", board->dma_writes },
		{ "dma_write_bytes", board->dma_write_bytes },
		{ "dma_errors", board->dma_errors },
		{ "frames_in", board->frames_in },
		{ "bytes_in", board->bytes_in },
		{ "frames_in_lost", board->frames_in_lost },
		{ "frames_out", board->frames_out },
		{ "bytes_out", board->bytes_out },
		{ "frames_out_lost", board->frames_out_lost },
		{ "port_lost", board->port->lost },
	};
	const char *violation = vqnic_model_violation(board->model);
	struct json_object *stats = json_object_new_object();

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		json_object_object_add(stats, counters[i].name, json_object_new_uint64(counters[i].value));
	json_object_object_add(stats, "wall_seconds",
			       json_object_new_double((double)(clock_ns() - board->start_ns) / 1e9));
	json_object_object_add(stats, "busy_seconds", json_object_new_double((double)board->busy_ns / 1e9));
	json_object_object_add(stats, "cpu_seconds", json_object_new_double(cpu_seconds()));
	json_object_object_add(stats, "connected", json_object_new_boolean(board_client_fd(board) >= 0));
	json_object_object_add(stats, "link", json_object_new_boolean(board->link_up));
	json_object_object_add(stats, "wave", json_object_new_boolean(board->tracing));
	json_object_object_add(stats, "pcap", json_object_new_boolean(board->recorder != NULL));
	json_object_object_add(stats, "violation", violation ? json_object_new_string(violation) : NULL);
	return stats;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * The Verilated card behind vqnic_model.h: drives its ports cycle by cycle, with the PCIe model behind its AXI4 port.
 *
 * What the model drives in a cycle depends only on what was there before the clock edge, never on the card's outputs
 * of the same cycle: one settling of the logic after each edge is enough.
 */
#include "vqnic_model.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <vector>

#include <verilated.h>
#include <verilated_fst_c.h>

#include "Vvqnic.h"
#include "axi_check.h"
#include "pcie.h"
#include "rng.h"
#include "vqnic_regs.h"

namespace {

constexpr size_t kBus = sizeof(Vvqnic::m_axi_wdata_o);	/* bytes */
constexpr uint64_t kHalfPeriodPs = 2000;
constexpr unsigned int kResetCycles = 8;
/* The card may need so long to tell that it is not idle after an input has changed. */
constexpr unsigned int kWakeCycles = 4;
/* Register and doorbell accesses are answered much sooner, whatever the card is busy with. */
constexpr uint64_t kAnswerCycles = 100000;
constexpr size_t kBeatsMax = PCIE_BURST_MAX / kBus;	/* of a burst */
constexpr size_t kWritesMax = 16;	/* addresses, and answers, that the port holds */
constexpr size_t kRxFrames = 4;		/* that wait for the wire */
constexpr size_t kRxFrameMax = 65536;
constexpr uint8_t kSlverr = 2;

struct Write {
	uint8_t id;
	uint64_t addr;
	unsigned int size;		/* log2 of the bytes of a beat */
};

struct WriteBeat {
	std::array<uint8_t, kBus> data;
	uint64_t strobe;		/* a bit for each byte */
	bool last;
};

struct Response {
	uint8_t id;
	uint8_t resp;
};

struct RxFrame {
	std::vector<uint8_t> bytes;
	bool bad;
};

constexpr uint64_t kAllLanes = kBus == 64 ? ~uint64_t(0) : (uint64_t(1) << kBus % 64) - 1;

} // namespace

struct vqnic_model {
	vqnic_model_ops ops;
	void *opaque;

	VerilatedContext context;
	std::unique_ptr<Vvqnic> top;
	std::unique_ptr<VerilatedFstC> waves;
	bool tracing = false;
	AxiCheck check;
	uint64_t cycles = 0;
	unsigned int awake = 0;		/* cycles to run although the card says that it is idle */

	pcie *link = nullptr;
	std::deque<Write> writes;	/* whose data is not complete */
	std::deque<WriteBeat> beats;
	size_t bursts = 0;		/* complete bursts in `beats` */
	std::deque<Response> responses;	/* the first one is on the B channel if bvalid */

	std::deque<RxFrame> rx;
	size_t rx_sent = 0;		/* bytes of the first frame that are on the wire or past it */
	std::vector<uint8_t> tx;	/* the frame that is coming */

	unsigned int stall_tx = 0, stall_rx = 0, stall_msix = 0;
	uint64_t stall_rng = 0;

	~vqnic_model();
	bool idle() const;
	void cycle();
	void reset();
	uint32_t read(uint32_t offset);
	void write(uint32_t offset, uint32_t value, uint8_t strobe);
	void doorbell(uint32_t offset, uint32_t value);

private:
	void collect();
	void finish_writes();
	void collect_tx();
	void drive_axi(bool read_held, bool response_held);
	void drive_wire(bool rx_held);
	void settle(bool clock);
};

vqnic_model::~vqnic_model()
{
	Verilated::threadContextp(&context);
	if (tracing)
		waves->close();
	if (top)
		top->final();
	pcie_free(link);
}

void vqnic_model::settle(bool clock)
{
	top->clk_i = clock;
	top->eval();
	context.timeInc(kHalfPeriodPs);
	if (tracing)
		waves->dump(context.time());
}

/* Carries out the writes whose address and data are both complete. */
void vqnic_model::finish_writes()
{
	while (bursts && !writes.empty()) {
		std::array<uint8_t, PCIE_BURST_MAX> data, strobe;
		const Write write = writes.front();
		uint64_t at = write.addr;
		size_t len = 0;
		bool last;

		do {
			const WriteBeat &beat = beats.front();
			uint64_t end = ((at >> write.size) + 1) << write.size;
			size_t lane = at % kBus, n = std::min<size_t>({end - at, data.size() - len, kBus - lane});

			std::memcpy(&data[len], &beat.data[lane], n);
			if (beat.strobe == kAllLanes)
				std::memset(&strobe[len], 1, n);
			else
				for (size_t i = 0; i < n; i++)
					strobe[len + i] = beat.strobe >> (lane + i) & 1;
			len += n;
			at = end;
			last = beat.last;
			beats.pop_front();
		} while (!last);
		writes.pop_front();
		bursts--;
		int err = pcie_write(link, write.addr, data.data(), strobe.data(), len);
		responses.push_back({write.id, uint8_t(err ? kSlverr : 0)});
	}
}

void vqnic_model::collect_tx()
{
	size_t bytes = size_t(__builtin_popcountll(top->m_axis_tx_tkeep_o));
	const uint8_t *data = reinterpret_cast<const uint8_t *>(&top->m_axis_tx_tdata_o);

	tx.insert(tx.end(), data, data + bytes);
	if (tx.size() > kRxFrameMax) {
		check.fail("TX stream: frame without end");
		tx.clear();
	}
	if (top->m_axis_tx_tlast_o) {
		ops.tx_frame(opaque, tx.data(), tx.size());
		tx.clear();
	}
}

/* Takes what the card hands over at the coming clock edge. */
void vqnic_model::collect()
{
	if (top->m_axi_awvalid_o && top->m_axi_awready_i)
		writes.push_back({uint8_t(top->m_axi_awid_o), top->m_axi_awaddr_o, top->m_axi_awsize_o});
	if (top->m_axi_wvalid_o && top->m_axi_wready_i) {
		WriteBeat &beat = beats.emplace_back();

		std::memcpy(beat.data.data(), &top->m_axi_wdata_o, kBus);
		beat.strobe = top->m_axi_wstrb_o;
		beat.last = top->m_axi_wlast_o;
		bursts += beat.last;
	}
	if (top->m_axi_bvalid_i && top->m_axi_bready_o)
		responses.pop_front();
	finish_writes();
	if (top->m_axi_arvalid_o && top->m_axi_arready_i) {
		uint64_t addr = top->m_axi_araddr_o;
		size_t beat = std::min(size_t(1) << top->m_axi_arsize_o, kBus);
		size_t len = (top->m_axi_arlen_o + size_t(1)) * beat - addr % beat;

		pcie_read(link, top->m_axi_arid_o, addr, std::min<size_t>(len, PCIE_BURST_MAX), beat);
	}
	if (top->msix_valid_o && top->msix_ready_i)
		pcie_msix(link, top->msix_vector_o);
	if (top->m_axis_tx_tvalid_o && top->m_axis_tx_tready_i)
		collect_tx();
}

/* The card's inputs on the AXI4 and message ports. `held`: it has not taken the one that is there. */
void vqnic_model::drive_axi(bool read_held, bool response_held)
{
	pcie_tick(link);
	if (!read_held) {
		pcie_beat beat;

		top->m_axi_rvalid_i = !pcie_idle(link) && !pcie_stalled(link) && pcie_take(link, &beat);
		if (top->m_axi_rvalid_i) {
			uint8_t *data = reinterpret_cast<uint8_t *>(&top->m_axi_rdata_i);

			std::memset(data, 0, kBus);
			std::memcpy(data + beat.addr % kBus, beat.data, beat.len);
			top->m_axi_rid_i = beat.id;
			top->m_axi_rresp_i = beat.error ? kSlverr : 0;
			top->m_axi_rlast_i = beat.last;
		}
	}
	if (!response_held) {
		top->m_axi_bvalid_i = !responses.empty() && !pcie_stalled(link);
		if (top->m_axi_bvalid_i) {
			top->m_axi_bid_i = responses.front().id;
			top->m_axi_bresp_i = responses.front().resp;
		}
	}
	bool room = pcie_can_write(link);

	top->m_axi_awready_i = writes.size() + responses.size() < kWritesMax && !pcie_stalled(link);
	top->m_axi_wready_i = bursts == 0 && beats.size() <= kBeatsMax && room && !pcie_stalled(link);
	top->m_axi_arready_i = pcie_can_read(link) && !pcie_stalled(link);
	top->msix_ready_i = room && !(stall_msix && rng_chance(&stall_rng, stall_msix));
}

void vqnic_model::drive_wire(bool rx_held)
{
	top->m_axis_tx_tready_i = !(stall_tx && rng_chance(&stall_rng, stall_tx));
	if (rx_held)
		return;
	if (top->s_axis_rx_tvalid_i && rx_sent == rx.front().bytes.size()) {
		rx.pop_front();
		rx_sent = 0;
	}
	top->s_axis_rx_tvalid_i = !rx.empty() && !(stall_rx && rng_chance(&stall_rng, stall_rx));
	if (!top->s_axis_rx_tvalid_i)
		return;

	const RxFrame &frame = rx.front();
	size_t bytes = std::min(kBus, frame.bytes.size() - rx_sent);
	uint8_t *data = reinterpret_cast<uint8_t *>(&top->s_axis_rx_tdata_i);

	std::memset(data, 0, kBus);
	std::memcpy(data, &frame.bytes[rx_sent], bytes);
	top->s_axis_rx_tkeep_i = bytes == 64 ? ~uint64_t(0) : (uint64_t(1) << bytes) - 1;
	rx_sent += bytes;
	top->s_axis_rx_tlast_i = rx_sent == frame.bytes.size();
	top->s_axis_rx_tuser_i = frame.bad && top->s_axis_rx_tlast_i;
}

/* One clock cycle: what both sides hand over at its edge is taken, then the inputs of the next one are driven. */
void vqnic_model::cycle()
{
	bool read_held = top->m_axi_rvalid_i && !top->m_axi_rready_o;
	bool response_held = top->m_axi_bvalid_i && !top->m_axi_bready_o;
	bool rx_held = top->s_axis_rx_tvalid_i && !top->s_axis_rx_tready_o;

	/* An assertion of the RTL reports to the thread's context, and several models may share the thread. */
	Verilated::threadContextp(&context);
	check.step(*top);
	collect();
	settle(true);
	drive_axi(read_held, response_held);
	drive_wire(rx_held);
	settle(false);
	cycles++;
	if (awake)
		awake--;
	if (context.gotError())
		check.fail("an assertion of the RTL failed (see its message)");
}

bool vqnic_model::idle() const
{
	return top->idle_o && !awake && pcie_idle(link) && rx.empty() && writes.empty() && beats.empty() &&
	       responses.empty() && !top->m_axi_rvalid_i && !top->m_axi_bvalid_i;
}

void vqnic_model::reset()
{
	pcie_reset(link);
	check.reset();
	writes.clear();
	beats.clear();
	bursts = 0;
	responses.clear();
	rx.clear();
	rx_sent = 0;
	tx.clear();

	top->rst_ni = 0;
	top->s_axil_awvalid_i = 0;
	top->s_axil_wvalid_i = 0;
	top->s_axil_bready_i = 0;
	top->s_axil_arvalid_i = 0;
	top->s_axil_rready_i = 0;
	top->db_valid_i = 0;
	top->m_axi_awready_i = 0;
	top->m_axi_wready_i = 0;
	top->m_axi_bvalid_i = 0;
	top->m_axi_arready_i = 0;
	top->m_axi_rvalid_i = 0;
	top->m_axis_tx_tready_i = 0;
	top->s_axis_rx_tvalid_i = 0;
	top->msix_ready_i = 0;
	for (unsigned int i = 0; i < kResetCycles; i++, cycles++) {
		settle(true);
		settle(false);
	}
	top->rst_ni = 1;
	top->eval();
	awake = kWakeCycles;
}

uint32_t vqnic_model::read(uint32_t offset)
{
	if (offset >= VQNIC_BAR_REGS_SIZE)
		return 0;
	top->s_axil_araddr_i = offset;
	top->s_axil_arprot_i = 0;
	top->s_axil_arvalid_i = 1;
	for (uint64_t i = 0; i < kAnswerCycles; i++) {
		top->s_axil_rready_i = !pcie_stalled(link);
		top->eval();

		bool addressed = top->s_axil_arvalid_i && top->s_axil_arready_o;
		bool answered = top->s_axil_rvalid_o && top->s_axil_rready_i;
		uint32_t value = top->s_axil_rdata_o;

		cycle();
		if (addressed)
			top->s_axil_arvalid_i = 0;
		if (answered) {
			top->s_axil_rready_i = 0;
			top->eval();
			return value;
		}
	}
	check.fail("AXI-Lite: read without an answer");
	return ~0u;
}

void vqnic_model::write(uint32_t offset, uint32_t value, uint8_t strobe)
{
	bool addressed = false, given = false;

	if (offset >= VQNIC_BAR_REGS_SIZE)
		return;
	top->s_axil_awaddr_i = offset;
	top->s_axil_awprot_i = 0;
	top->s_axil_wdata_i = value;
	top->s_axil_wstrb_i = strobe;
	for (uint64_t i = 0; i < kAnswerCycles; i++) {
		/* Address and data may come in either order, but a valid stays once it is there. */
		top->s_axil_awvalid_i = !addressed && (top->s_axil_awvalid_i || !pcie_stalled(link));
		top->s_axil_wvalid_i = !given && (top->s_axil_wvalid_i || !pcie_stalled(link));
		top->s_axil_bready_i = !pcie_stalled(link);
		top->eval();

		addressed |= top->s_axil_awvalid_i && top->s_axil_awready_o;
		given |= top->s_axil_wvalid_i && top->s_axil_wready_o;
		bool answered = top->s_axil_bvalid_o && top->s_axil_bready_i;

		cycle();
		if (answered) {
			top->s_axil_awvalid_i = 0;
			top->s_axil_wvalid_i = 0;
			top->s_axil_bready_i = 0;
			top->eval();
			return;
		}
	}
	check.fail("AXI-Lite: write without an answer");
}

void vqnic_model::doorbell(uint32_t offset, uint32_t value)
{
	if (offset >= VQNIC_BAR_DOORBELLS_SIZE)
		return;
	top->db_addr_i = offset;
	top->db_data_i = value;
	top->db_valid_i = 1;
	top->eval();
	for (uint64_t i = 0; i < kAnswerCycles; i++) {
		bool taken = top->db_ready_o;

		cycle();
		if (taken) {
			top->db_valid_i = 0;
			top->eval();
			return;
		}
	}
	check.fail("doorbell not taken");
}

extern "C" {

vqnic_model *vqnic_model_new(const pcie_config *config, const vqnic_model_ops *ops, void *opaque)
{
	static const pcie_config ideal = {};

	if (!config)
		config = &ideal;
	try {
		auto m = std::make_unique<vqnic_model>();
		const pcie_host host = {ops->dma_read, ops->dma_write, ops->msix};

		m->ops = *ops;
		m->opaque = opaque;
		m->link = pcie_new(config, &host, opaque);
		if (!m->link)
			return nullptr;
		/* Registers without a reset start at random: nothing may depend on them. 0 would be the time. */
		m->context.randReset(2);
		m->context.randSeed(int((config->seed & 0x3fffffff) + 1));
		m->context.fatalOnError(false);
		m->context.traceEverOn(true);
		m->top = std::make_unique<Vvqnic>(&m->context);
		m->reset();
		return m.release();
	} catch (const std::bad_alloc &) {
		return nullptr;
	}
}

void vqnic_model_free(vqnic_model *m)
{
	delete m;
}

void vqnic_model_reset(vqnic_model *m)
{
	m->reset();
}

uint32_t vqnic_model_read(vqnic_model *m, uint32_t offset)
{
	return m->read(offset);
}

void vqnic_model_write(vqnic_model *m, uint32_t offset, uint32_t value, uint8_t strobe)
{
	m->write(offset, value, strobe);
}

void vqnic_model_doorbell(vqnic_model *m, uint32_t offset, uint32_t value)
{
	m->doorbell(offset, value);
}

bool vqnic_model_rx_frame(vqnic_model *m, const void *frame, size_t len, bool bad)
{
	const uint8_t *bytes = static_cast<const uint8_t *>(frame);

	if (m->rx.size() == kRxFrames)
		return false;
	if (len)
		m->rx.push_back({std::vector<uint8_t>(bytes, bytes + len), bad});
	return true;
}

void vqnic_model_set_link(vqnic_model *m, bool up)
{
	m->top->link_up_i = up;
	m->top->eval();
	m->awake = kWakeCycles;
}

void vqnic_model_set_stall(vqnic_model *m, unsigned int tx_wire, unsigned int rx_wire, unsigned int msix, uint64_t seed)
{
	m->stall_tx = tx_wire;
	m->stall_rx = rx_wire;
	m->stall_msix = msix;
	m->stall_rng = seed;
}

uint64_t vqnic_model_run(vqnic_model *m, uint64_t max_cycles)
{
	uint64_t n;

	for (n = 0; n < max_cycles && !m->idle(); n++)
		m->cycle();
	return n;
}

bool vqnic_model_idle(const vqnic_model *m)
{
	return m->idle();
}

uint64_t vqnic_model_cycles(const vqnic_model *m)
{
	return m->cycles;
}

const char *vqnic_model_violation(const vqnic_model *m)
{
	return m->check.violation();
}

int vqnic_model_trace_start(vqnic_model *m, const char *path)
{
	if (m->tracing)
		return -EBUSY;
	/* The FST writer does not say why it cannot open a file. */
	FILE *file = std::fopen(path, "wb");

	if (!file)
		return -errno;
	std::fclose(file);
	if (!m->waves) {
		m->waves = std::make_unique<VerilatedFstC>();
		m->waves->set_time_unit("1ps");
		m->waves->set_time_resolution("1ps");
		m->top->trace(m->waves.get(), 99);
	}
	m->waves->open(path);
	m->tracing = true;
	return 0;
}

void vqnic_model_trace_stop(vqnic_model *m)
{
	if (m->tracing)
		m->waves->close();
	m->tracing = false;
}

} // extern "C"

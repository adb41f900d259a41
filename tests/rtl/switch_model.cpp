// SPDX-License-Identifier: Apache-2.0
/* The Verilated vqnic_net behind switch_model.h. What is driven depends only on what was there before the edge. */
#include "switch_model.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include <verilated.h>
#include <verilated_fst_c.h>

#include "Vswitch.h"
#include "rng.h"

namespace {

constexpr size_t kBus = sizeof(Vswitch::tx_word_i);	/* bytes */
constexpr unsigned int kPairBits = 5;
constexpr unsigned int kModeBits = 9;
constexpr unsigned int kPolicyBits = 32;

struct TxFrame {
	switch_tx info;
	std::vector<uint8_t> bytes;
};

/* Sets bits of a port that is any number of words wide. */
template <typename Port> void set_bits(Port &port, unsigned int lsb, unsigned int bits, uint64_t value)
{
	auto *words = reinterpret_cast<uint32_t *>(&port);

	for (unsigned int i = 0; i < bits; i++) {
		unsigned int at = lsb + i;

		if (value >> i & 1)
			words[at / 32] |= 1u << at % 32;
		else
			words[at / 32] &= ~(1u << at % 32);
	}
}

} // namespace

struct switch_model {
	switch_ops ops;
	void *opaque;
	VerilatedContext context;
	std::unique_ptr<Vswitch> top;
	std::unique_ptr<VerilatedFstC> waves;
	uint64_t time = 0;

	std::deque<TxFrame> tx;
	size_t tx_sent = 0;			/* bytes of the first one */
	std::deque<std::vector<uint8_t>> wire;
	size_t wire_sent = 0;
	std::vector<uint8_t> out;		/* the frame that leaves on the wire */
	std::vector<uint8_t> received;		/* the frame that a receive engine reads */
	switch_rx info;
	unsigned int vdev = 0;			/* whose queue it asks for */
	unsigned int passes = 0;
	bool reading = false;

	unsigned int stall_tx = 0, stall_rx = 0, stall_engines = 0;
	uint64_t rng = 1;
	uint64_t counters[SWITCH_COUNTERS][SWITCH_VDEVS] = {};

	~switch_model();
	void settle(bool clock);
	void cycle();
	void collect();
	void drive();

private:
	bool stalled(unsigned int stall) { return rng_chance(&rng, stall); }
	void count(switch_counter counter, uint32_t pulses);
	void read_frame();
};

switch_model::~switch_model()
{
	if (waves)
		waves->close();
	top->final();
}

void switch_model::settle(bool clock)
{
	top->clk_i = clock;
	top->eval();
	if (waves)
		waves->dump(time);
	time += 2000;
}

void switch_model::count(switch_counter counter, uint32_t pulses)
{
	for (unsigned int i = 0; i < SWITCH_VDEVS; i++)
		counters[counter][i] += pulses >> i & 1;
}

/* The receive engine: for each vdev of a frame it asks for the pair; then it goes through the frame, once or twice. */
void switch_model::read_frame()
{
	if (top->rx_get_valid_i && top->rx_get_valid_o) {
		info.pair[vdev] = top->rx_get_pair_o;
		vdev++;
	}
	if (top->rx_word_valid_o && top->rx_word_ready_i) {
		const auto *data = reinterpret_cast<const uint8_t *>(&top->rx_word_o);

		received.insert(received.end(), data, data + kBus);
	}
	if (top->rx_rewind_i)
		received.clear();
	if (top->rx_free_i) {
		received.resize(top->rx_len_o);
		ops.to_vdevs(opaque, &info, received.data(), received.size());
		reading = false;
	}
}

/* What the outputs say in this cycle, to the inputs as they are. */
void switch_model::collect()
{
	count(SWITCH_WIRE_RX, top->wire_rx_frame_o);
	count(SWITCH_DROP_ERROR, top->wire_rx_drop_error_o);
	count(SWITCH_DROP_FILTER, top->wire_rx_drop_filter_o);
	count(SWITCH_SWITCHED, top->switched_o);
	count(SWITCH_WIRE_TX, top->wire_tx_frame_o);
	count(SWITCH_RX_DROP_VLAN, top->rx_drop_vlan_o);
	count(SWITCH_TX_DROP_SPOOF, top->tx_drop_spoof_o);
	count(SWITCH_TX_DROP_VLAN, top->tx_drop_vlan_o);

	if (top->m_axis_tx_tvalid_o && top->m_axis_tx_tready_i) {
		const auto *data = reinterpret_cast<const uint8_t *>(&top->m_axis_tx_tdata_o);

		for (size_t i = 0; i < kBus; i++)
			if (uint64_t(top->m_axis_tx_tkeep_o) >> i & 1)
				out.push_back(data[i]);
		if (top->m_axis_tx_tlast_o) {
			ops.to_wire(opaque, out.data(), out.size());
			out.clear();
		}
	}
	if (top->s_axis_rx_tvalid_i && top->s_axis_rx_tready_o) {
		wire_sent += kBus;
		if (top->s_axis_rx_tlast_i) {
			wire.pop_front();
			wire_sent = 0;
		}
	}
	read_frame();
}

void switch_model::drive()
{
	bool wire_held = top->s_axis_rx_tvalid_i && !top->s_axis_rx_tready_o;
	bool room = top->tx_room_o;

	top->m_axis_tx_tready_i = !stalled(stall_tx);

	if (!wire_held)
		top->s_axis_rx_tvalid_i = !wire.empty() && !stalled(stall_rx);
	if (top->s_axis_rx_tvalid_i && !wire.empty()) {
		const std::vector<uint8_t> &frame = wire.front();
		size_t part = std::min(kBus, frame.size() - wire_sent);

		memset(&top->s_axis_rx_tdata_i, 0, kBus);
		memcpy(&top->s_axis_rx_tdata_i, frame.data() + wire_sent, part);
		top->s_axis_rx_tkeep_i = part == 64 ? ~uint64_t(0) : (uint64_t(1) << part) - 1;
		top->s_axis_rx_tlast_i = wire_sent + part == frame.size();
	}

	top->tx_word_valid_i = 0;
	top->tx_commit_i = 0;
	if (!tx.empty() && (tx_sent || room) && !stalled(stall_engines)) {
		const TxFrame &frame = tx.front();

		if (tx_sent < frame.bytes.size()) {
			size_t part = std::min(kBus, frame.bytes.size() - tx_sent);

			/* Bytes behind the end are anything. */
			memset(&top->tx_word_i, 0xa5, kBus);
			memcpy(&top->tx_word_i, frame.bytes.data() + tx_sent, part);
			top->tx_word_valid_i = 1;
			tx_sent += part;
		} else {
			/* tx_info_t, its last field in the lowest bits. */
			set_bits(top->tx_info_i, 0, 16, frame.info.csum_offset);
			set_bits(top->tx_info_i, 16, 16, frame.info.csum_start);
			set_bits(top->tx_info_i, 32, 1, frame.info.csum);
			set_bits(top->tx_info_i, 33, 4, frame.info.pair);
			set_bits(top->tx_info_i, 37, 4, frame.info.vdev);
			set_bits(top->tx_info_i, 41, 16, frame.bytes.size());
			top->tx_commit_i = 1;
			tx.pop_front();
			tx_sent = 0;
		}
	}

	top->rx_rewind_i = 0;
	top->rx_free_i = 0;
	top->rx_word_ready_i = 0;
	top->rx_get_valid_i = 0;
	if (top->rx_valid_o && !reading && !stalled(stall_engines)) {
		reading = true;
		vdev = 0;
		passes = rng_chance(&rng, 64) ? 2 : 1;
		received.clear();
		info = {};
		info.vdevs = top->rx_vdevs_o;
		info.tagged = top->rx_tagged_o;
		info.csum_ok = top->rx_csum_ok_o;
	}
	if (!reading)
		return;
	while (vdev < SWITCH_VDEVS && !(info.vdevs >> vdev & 1))
		vdev++;
	if (vdev < SWITCH_VDEVS) {
		top->rx_get_valid_i = 1;
		top->rx_get_vdev_i = vdev;
	} else if (received.size() < top->rx_len_o) {
		top->rx_word_ready_i = !stalled(stall_engines);
	} else if (--passes) {
		top->rx_rewind_i = 1;
	} else {
		top->rx_free_i = 1;
	}
}

void switch_model::cycle()
{
	Verilated::threadContextp(&context);
	top->eval();
	collect();
	settle(true);
	drive();
	settle(false);
}

extern "C" {

struct switch_model *switch_new(const struct switch_ops *ops, void *opaque, const char *wave_file)
{
	auto *m = new switch_model;

	m->ops = *ops;
	m->opaque = opaque;
	m->context.traceEverOn(true);
	Verilated::threadContextp(&m->context);
	m->top = std::make_unique<Vswitch>(&m->context);
	if (wave_file) {
		m->waves = std::make_unique<VerilatedFstC>();
		m->top->trace(m->waves.get(), 99);
		m->waves->open(wave_file);
	}
	m->top->rst_ni = 1;
	m->settle(false);
	switch_reset(m);
	return m;
}

void switch_free(struct switch_model *m)
{
	delete m;
}

void switch_reset(struct switch_model *m)
{
	m->top->s_axis_rx_tvalid_i = 0;
	m->top->tx_word_valid_i = 0;
	m->top->tx_commit_i = 0;
	m->top->rx_word_ready_i = 0;
	m->top->rx_get_valid_i = 0;
	m->top->rx_rewind_i = 0;
	m->top->rx_free_i = 0;
	m->top->rst_ni = 0;
	for (int i = 0; i < 4; i++) {
		m->settle(true);
		m->settle(false);
	}
	m->top->rst_ni = 1;
	m->settle(false);
	m->tx_sent = 0;
	m->wire_sent = 0;
	m->out.clear();
	m->reading = false;
	memset(m->counters, 0, sizeof(m->counters));
}

uint32_t switch_get(struct switch_model *m, uint32_t offset)
{
	uint64_t value;

	m->top->req_i = 1;
	m->top->we_i = 0;
	m->top->addr_i = offset;
	m->top->eval();
	value = m->top->rdata_o;
	m->cycle();
	m->top->req_i = 0;
	switch_run(m, 2);
	return uint32_t(offset & 4 ? value >> 32 : value);
}

void switch_set(struct switch_model *m, uint32_t offset, uint32_t value)
{
	m->top->req_i = 1;
	m->top->we_i = 1;
	m->top->addr_i = offset;
	m->top->wdata_i = value;
	m->top->wstrb_i = 0xf;
	m->cycle();
	m->top->req_i = 0;
	switch_run(m, 2);	/* as long as AXI4-Lite takes, at least */
}

void switch_config(struct switch_model *m, unsigned int vdev, bool enable, uint32_t rx_mode, uint32_t policy,
		   unsigned int pairs)
{
	set_bits(m->top->enable_i, vdev, 1, enable);
	set_bits(m->top->rx_mode_i, kModeBits * vdev, kModeBits, rx_mode);
	set_bits(m->top->policy_i, kPolicyBits * vdev, kPolicyBits, policy);
	set_bits(m->top->pairs_i, kPairBits * vdev, kPairBits, pairs);
}

void switch_send(struct switch_model *m, const struct switch_tx *tx, const uint8_t *frame, size_t len)
{
	std::vector<uint8_t> bytes(frame, frame + len);

	if (tx)
		m->tx.push_back({ *tx, std::move(bytes) });
	else
		m->wire.push_back(std::move(bytes));
}

void switch_stall(struct switch_model *m, unsigned int wire_tx, unsigned int wire_rx, unsigned int engines,
		  uint64_t seed)
{
	m->stall_tx = wire_tx;
	m->stall_rx = wire_rx;
	m->stall_engines = engines;
	m->rng = seed;
}

void switch_run(struct switch_model *m, unsigned int cycles)
{
	while (cycles--)
		m->cycle();
}

bool switch_idle(const struct switch_model *m)
{
	return m->top->idle_o && m->tx.empty() && m->wire.empty() && !m->reading;
}

bool switch_clearing(const struct switch_model *m)
{
	return m->top->clearing_o;
}

size_t switch_waiting(const struct switch_model *m)
{
	return m->tx.size() + m->wire.size();
}

uint64_t switch_count(const struct switch_model *m, enum switch_counter counter, unsigned int vdev)
{
	return m->counters[counter][vdev];
}

}

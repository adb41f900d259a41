// SPDX-License-Identifier: Apache-2.0
/* The rules of AXI, as far as the card can break them: see axi_check.h. */
#include "axi_check.h"

#include <cstring>

#include "Vvqnic.h"
#include "vqnic_regs.h"

namespace {

constexpr unsigned int kIncr = 1;
constexpr uint64_t kPage = 4096;

constexpr uint64_t kBus = sizeof(Vvqnic::m_axi_wdata_o);	/* bytes, one bit of a strobe each */

/* Bits [begin, end) of a strobe. */
uint64_t lanes(uint64_t begin, uint64_t end)
{
	uint64_t below = end == 64 ? ~uint64_t(0) : (uint64_t(1) << end) - 1;

	return below >> begin << begin;
}

} // namespace

void AxiCheck::fail(const std::string &what)
{
	if (violation_.empty())
		violation_ = what;
}

void AxiCheck::reset()
{
	aw_ = w_ = ar_ = tx_ = msix_ = lite_b_ = lite_r_ = AxiHold();
	writes_.clear();
	early_.clear();
	beat_ = 0;
}

template <typename... Signals>
void AxiCheck::hold(AxiHold &channel, const char *name, bool valid, bool ready, const Signals &...signals)
{
	if (!channel.waiting && (!valid || ready))
		return;

	std::array<uint8_t, 160> payload{};
	size_t size = 0;
	auto add = [&](const auto &signal) {
		std::memcpy(&payload[size], &signal, sizeof(signal));
		size += sizeof(signal);
	};
	(add(signals), ...);

	if (channel.waiting && !valid)
		fail(std::string(name) + ": valid taken back before ready");
	else if (channel.waiting && std::memcmp(payload.data(), channel.payload.data(), size))
		fail(std::string(name) + ": payload changed before ready");
	channel.waiting = valid && !ready;
	if (channel.waiting)
		channel.payload = payload;
}

void AxiCheck::burst(const char *name, uint64_t addr, unsigned int len, unsigned int size, unsigned int type)
{
	uint64_t bytes = uint64_t(len + 1) << size;
	uint64_t first = addr >> size << size;

	if (type != kIncr)
		fail(std::string(name) + ": burst type is not INCR");
	if ((1u << size) > kBus)
		fail(std::string(name) + ": size is wider than the bus");
	if (first / kPage != (first + bytes - 1) / kPage)
		fail(std::string(name) + ": burst crosses 4 KiB");
}

void AxiCheck::write_beat(const Burst &burst, uint64_t strobe, bool last)
{
	uint64_t size = uint64_t(1) << burst.size;
	uint64_t begin = beat_ ? burst.addr / size * size + beat_ * size : burst.addr;
	uint64_t end = begin / size * size + size;
	uint64_t word = begin / kBus * kBus;

	if (end - word <= kBus && strobe & ~lanes(begin - word, end - word))
		fail("W: strobe outside of the bytes of the burst");
	if (last != (beat_ + 1 == burst.beats))
		fail(last ? "W: last too early" : "W: last missing");
	beat_ = last || beat_ + 1 == burst.beats ? 0 : beat_ + 1;
}

void AxiCheck::stream_beat(uint64_t keep, bool last)
{
	if (!(keep & 1))
		fail("TX stream: first byte not kept");
	if (keep & (keep + 1))
		fail("TX stream: hole in keep");
	if (!last && keep != lanes(0, kBus))
		fail("TX stream: beat before the last not full");
}

void AxiCheck::step(const Vvqnic &top)
{
	hold(aw_, "AW", top.m_axi_awvalid_o, top.m_axi_awready_i, top.m_axi_awid_o, top.m_axi_awaddr_o,
	     top.m_axi_awlen_o, top.m_axi_awsize_o, top.m_axi_awburst_o);
	hold(w_, "W", top.m_axi_wvalid_o, top.m_axi_wready_i, top.m_axi_wdata_o, top.m_axi_wstrb_o, top.m_axi_wlast_o);
	hold(ar_, "AR", top.m_axi_arvalid_o, top.m_axi_arready_i, top.m_axi_arid_o, top.m_axi_araddr_o,
	     top.m_axi_arlen_o, top.m_axi_arsize_o, top.m_axi_arburst_o);
	hold(tx_, "TX stream", top.m_axis_tx_tvalid_o, top.m_axis_tx_tready_i, top.m_axis_tx_tdata_o,
	     top.m_axis_tx_tkeep_o, top.m_axis_tx_tlast_o);
	hold(msix_, "MSI-X", top.msix_valid_o, top.msix_ready_i, top.msix_vector_o);
	hold(lite_b_, "AXI-Lite B", top.s_axil_bvalid_o, top.s_axil_bready_i, top.s_axil_bresp_o);
	hold(lite_r_, "AXI-Lite R", top.s_axil_rvalid_o, top.s_axil_rready_i, top.s_axil_rdata_o, top.s_axil_rresp_o);

	if (top.m_axi_awvalid_o && top.m_axi_awready_i) {
		burst("AW", top.m_axi_awaddr_o, top.m_axi_awlen_o, top.m_axi_awsize_o, top.m_axi_awburst_o);
		writes_.push_back({top.m_axi_awaddr_o, top.m_axi_awlen_o + 1u, top.m_axi_awsize_o});
	}
	if (top.m_axi_arvalid_o && top.m_axi_arready_i)
		burst("AR", top.m_axi_araddr_o, top.m_axi_arlen_o, top.m_axi_arsize_o, top.m_axi_arburst_o);
	if (top.m_axi_wvalid_o && top.m_axi_wready_i)
		early_.push_back({top.m_axi_wstrb_o, bool(top.m_axi_wlast_o)});
	while (!early_.empty() && !writes_.empty()) {
		write_beat(writes_.front(), early_.front().strobe, early_.front().last);
		if (beat_ == 0)
			writes_.pop_front();
		early_.pop_front();
	}
	if (top.m_axis_tx_tvalid_o && top.m_axis_tx_tready_i)
		stream_beat(top.m_axis_tx_tkeep_o, top.m_axis_tx_tlast_o);
	if (top.msix_valid_o && top.msix_vector_o >= VQNIC_MSIX_VECTOR_COUNT)
		fail("MSI-X: no such vector");
	if (top.s_axil_bvalid_o && top.s_axil_bresp_o)
		fail("AXI-Lite B: error response");
	if (top.s_axil_rvalid_o && top.s_axil_rresp_o)
		fail("AXI-Lite R: error response");
}

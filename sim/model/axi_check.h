/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the card's ports for what AXI4, AXI4-Lite and AXI4-Stream forbid. Called once a cycle, before the clock
 * edge, with all signals settled.
 */
#ifndef AXI_CHECK_H
#define AXI_CHECK_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

class Vvqnic;

/* One channel's promise: a valid that met no ready is still there in the next cycle, with the same payload. */
struct AxiHold {
	bool waiting = false;
	std::array<uint8_t, 160> payload{};
	size_t size = 0;
};

class AxiCheck {
public:
	void step(const Vvqnic &top);
	/* Forgets bursts that are under way: the card's reset was pulled. */
	void reset();
	void fail(const std::string &what);
	const char *violation() const { return violation_.empty() ? nullptr : violation_.c_str(); }

private:
	struct Burst {
		uint64_t addr;
		unsigned int beats;
		unsigned int size;
	};

	template <typename... Signals>
	void hold(AxiHold &channel, const char *name, bool valid, bool ready, const Signals &...signals);
	void burst(const char *name, uint64_t addr, unsigned int len, unsigned int size, unsigned int type);
	void write_beat(const Burst &burst, uint64_t strobe, bool last);
	void stream_beat(uint64_t keep, bool last);

	AxiHold aw_, w_, ar_, tx_, msix_, lite_b_, lite_r_;
	std::deque<Burst> writes_;		/* addressed, data not complete */
	struct EarlyBeat {
		uint64_t strobe;
		bool last;
	};
	std::deque<EarlyBeat> early_;		/* data that came before its address */
	unsigned int beat_ = 0;			/* of the write whose data is coming */
	std::string violation_;
};

#endif

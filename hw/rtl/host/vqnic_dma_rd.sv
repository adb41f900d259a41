// SPDX-License-Identifier: Apache-2.0
//
// Reads any number of bytes from any address: one request at a time, cut into AXI bursts that stay
// inside 4 KiB and 256 beats. Data comes as the beats of the bus, each with the lanes that belong
// to the request.
//
// A burst that is refused is the last one: the request is done when those before it are.

module vqnic_dma_rd #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned LaneW = $clog2(DATA_W / 8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              req_valid_i,
  output logic              req_ready_o,
  input  logic [AsidW-1:0]  req_asid_i,
  input  logic [63:0]       req_addr_i,
  input  logic [15:0]       req_len_i,     // bytes, not 0
  output logic              busy_o,        // a request was accepted and is not done

  output logic              beat_valid_o,  // taken by the client at once
  output logic [DATA_W-1:0] beat_data_o,
  output logic [LaneW-1:0]  beat_lane_o,   // first lane that belongs to the request
  output logic [LaneW:0]    beat_bytes_o,  // number of lanes that do
  output logic              done_o,        // with the last beat, or after it
  output logic              error_o,       // with done_o: not all was read
  output logic [7:0]        error_code_o,  // why, of the first byte that was not: a fault_e
  output logic [63:0]       error_info_o,

  output logic              ar_valid_o,
  input  logic              ar_ready_i,
  input  logic              ar_refused_i,  // instead of ar_ready_i, and why
  input  logic [7:0]        refuse_code_i,
  input  logic [63:0]       refuse_info_i,
  output logic [AsidW-1:0]  ar_asid_o,     // all the time that busy_o is high
  output logic [63:0]       ar_addr_o,
  output logic [7:0]        ar_len_o,
  input  logic              r_valid_i,
  input  logic [DATA_W-1:0] r_data_i,
  input  logic              r_error_i
);

  localparam int unsigned LaneCount = DATA_W / 8;
  localparam int unsigned BurstBytes = LaneCount * 256 < 4096 ? LaneCount * 256 : 4096;
  localparam int unsigned BurstW = $clog2(BurstBytes);

  // Bursts still to be asked for, and bytes still to come.
  logic [63:0] ask_addr_q, addr_q, error_info_q;
  logic [15:0] ask_left_q, left_q;
  logic        error_q, refused_q;
  logic [7:0]  error_code_q;
  logic [AsidW-1:0] asid_q;

  logic [15:0] to_boundary, burst;
  logic [15:0] burst_lanes;  // of the burst's beats, from lane 0 of the first to its last byte
  assign to_boundary = 16'(BurstBytes) - 16'(ask_addr_q[BurstW-1:0]);
  assign burst       = ask_left_q < to_boundary ? ask_left_q : to_boundary;
  assign burst_lanes = burst + 16'(ask_addr_q[LaneW-1:0]) - 16'd1;

  assign ar_valid_o = ask_left_q != '0;
  assign ar_asid_o  = asid_q;
  assign ar_addr_o  = ask_addr_q;
  assign ar_len_o   = 8'(burst_lanes >> LaneW);

  logic [15:0] to_beat_end, bytes;
  assign to_beat_end  = 16'(LaneCount) - 16'(addr_q[LaneW-1:0]);
  assign bytes        = left_q < to_beat_end ? left_q : to_beat_end;
  assign beat_valid_o = r_valid_i;
  assign beat_data_o  = r_data_i;
  assign beat_lane_o  = addr_q[LaneW-1:0];
  assign beat_bytes_o = bytes[LaneW:0];
  assign done_o       = refused_q ? left_q == '0 : r_valid_i && left_q == bytes;
  assign error_o      = error_q || refused_q || r_error_i;
  assign error_code_o = error_q || refused_q ? error_code_q : vqnic_regs_pkg::FAULT_DMA_READ;
  assign error_info_o = error_q || refused_q ? error_info_q : addr_q;
  assign req_ready_o  = left_q == '0 && !refused_q;
  assign busy_o       = !req_ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      asid_q       <= '0;
      ask_addr_q   <= '0;
      ask_left_q   <= '0;
      addr_q       <= '0;
      left_q       <= '0;
      error_q      <= 1'b0;
      refused_q    <= 1'b0;
      error_code_q <= vqnic_regs_pkg::FAULT_NONE;
      error_info_q <= '0;
    end else if (req_ready_o) begin
      if (req_valid_i) begin
        asid_q     <= req_asid_i;
        ask_addr_q <= req_addr_i;
        ask_left_q <= req_len_i;
        addr_q     <= req_addr_i;
        left_q     <= req_len_i;
        error_q    <= 1'b0;
      end
    end else begin
      if (ar_valid_o && ar_ready_i) begin
        ask_addr_q <= ask_addr_q + 64'(burst);
        ask_left_q <= ask_left_q - burst;
      end
      if (ar_refused_i) ask_left_q <= '0;
      left_q <= left_q - (r_valid_i ? bytes : '0) - (ar_refused_i ? ask_left_q : '0);
      if (r_valid_i) addr_q <= addr_q + 64'(bytes);
      if (done_o) refused_q <= 1'b0;
      // Beats come before what is refused, in the order of addresses.
      if (r_valid_i && r_error_i && !error_q) begin
        error_q      <= 1'b1;
        error_code_q <= vqnic_regs_pkg::FAULT_DMA_READ;
        error_info_q <= addr_q;
      end else if (ar_refused_i && !error_q) begin
        error_code_q <= refuse_code_i;
        error_info_q <= refuse_info_i;
      end
      if (ar_refused_i) refused_q <= 1'b1;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      asked_before_data: assert (!r_valid_i || left_q > ask_left_q);
      not_empty:         assert (!req_valid_i || req_len_i != '0);
      done_is_all:       assert (!done_o || left_q == (r_valid_i ? bytes : '0));
      one_outcome:       assert (!ar_refused_i || (ar_valid_o && !ar_ready_i));
    end
  end
`endif

endmodule

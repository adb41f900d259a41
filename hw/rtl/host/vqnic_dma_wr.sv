// SPDX-License-Identifier: Apache-2.0
//
// Writes any number of bytes to any address: one request at a time, cut into AXI bursts that stay
// inside 4 KiB and 256 beats. The client is told which lanes the next beat wants and gives the beat
// with the bytes in their lanes; only those lanes get a strobe. A request is done when all its
// bursts have been acknowledged and the pages that they wrote to are in the dirty log.
//
// A burst that is refused is the last one, and its data is not asked for: the request is done when
// those before it are. A burst with an error response is logged too: some of it may have been
// written.

module vqnic_dma_wr #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned PageW = 64 - 12,
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 req_valid_i,
  output logic                 req_ready_o,
  input  logic [AsidW-1:0]     req_asid_i,
  input  logic [63:0]          req_addr_i,
  input  logic [15:0]          req_len_i,     // bytes, not 0
  output logic                 busy_o,        // a request was accepted and is not done

  output logic                 beat_want_o,
  output logic [LaneW-1:0]     beat_lane_o,   // first lane wanted
  output logic [LaneW:0]       beat_bytes_o,  // number of lanes wanted
  input  logic                 beat_valid_i,
  output logic                 beat_ready_o,
  input  logic [DATA_W-1:0]    beat_data_i,
  output logic                 done_o,
  output logic                 error_o,       // with done_o: not all was written
  output logic [7:0]           error_code_o,  // why, of the first burst that was not: a fault_e
  output logic [63:0]          error_info_o,

  // w_ready_i comes only for a burst whose address was taken or waits for aw_ready_i alone.
  output logic                 aw_valid_o,
  input  logic                 aw_ready_i,
  input  logic                 aw_refused_i,  // instead of aw_ready_i, and why
  input  logic [7:0]           refuse_code_i,
  input  logic [63:0]          refuse_info_i,
  output logic [AsidW-1:0]     aw_asid_o,     // all the time that busy_o is high
  output logic [63:0]          aw_addr_o,
  output logic [7:0]           aw_len_o,
  output logic                 w_valid_o,
  input  logic                 w_ready_i,
  output logic [DATA_W-1:0]    w_data_o,
  output logic [LaneCount-1:0] w_strb_o,
  output logic                 w_last_o,
  input  logic                 b_valid_i,
  input  logic                 b_error_i,

  // vqnic_dirty_log
  input  logic                 logging_i,     // of aw_asid_o: there is a log
  output logic                 log_valid_o,
  output logic [PageW-1:0]     log_page_o,
  input  logic                 log_ready_i,
  input  logic                 log_done_i,
  input  logic                 log_error_i,
  input  logic [63:0]          log_error_info_i
);

  localparam int unsigned BurstBytes = LaneCount * 256 < 4096 ? LaneCount * 256 : 4096;
  localparam int unsigned BurstW = $clog2(BurstBytes);

  // Addresses still to be asked for, bytes still to be given, acknowledged, logged.
  logic [63:0] aw_addr_q, w_addr_q, b_addr_q, log_addr_q, error_info_q;
  logic [15:0] aw_left_q, w_left_q, b_left_q, log_left_q;
  logic        busy_q, error_q, refused_q;
  logic        log_busy_q;  // vqnic_dirty_log has a page
  logic [7:0]  error_code_q;
  logic [AsidW-1:0] asid_q;

  function automatic logic [15:0] burst(input logic [63:0] addr, input logic [15:0] left);
    logic [15:0] to_boundary;
    to_boundary = 16'(BurstBytes) - 16'(addr[BurstW-1:0]);
    burst = left < to_boundary ? left : to_boundary;
  endfunction

  logic [15:0] aw_burst, w_burst, b_burst, aw_lanes;
  assign aw_burst = burst(aw_addr_q, aw_left_q);
  assign w_burst  = burst(w_addr_q, w_left_q);
  assign b_burst  = burst(b_addr_q, b_left_q);
  assign aw_lanes = aw_burst + 16'(aw_addr_q[LaneW-1:0]) - 16'd1;

  assign aw_valid_o = aw_left_q != '0;
  assign aw_asid_o  = asid_q;
  assign aw_addr_o  = aw_addr_q;
  assign aw_len_o   = 8'(aw_lanes >> LaneW);

  logic [15:0] to_beat_end, bytes;
  assign to_beat_end  = 16'(LaneCount) - 16'(w_addr_q[LaneW-1:0]);
  assign bytes        = w_left_q < to_beat_end ? w_left_q : to_beat_end;
  assign beat_want_o  = w_left_q != '0;
  assign beat_lane_o  = w_addr_q[LaneW-1:0];
  assign beat_bytes_o = bytes[LaneW:0];
  assign beat_ready_o = beat_want_o && w_ready_i;
  assign w_valid_o    = beat_want_o && beat_valid_i;
  assign w_data_o     = beat_data_i;
  assign w_strb_o     = ~({LaneCount{1'b1}} << bytes) << beat_lane_o;
  assign w_last_o     = w_burst == bytes;

  // What was acknowledged and is not logged, up to the end of a page. Without a log nothing has to
  // wait; the same page comes again if more of it is acknowledged later.
  logic [15:0] log_ready_bytes, log_page_bytes, log_bytes;
  logic        log_skip;
  assign log_ready_bytes = log_left_q - b_left_q;
  assign log_page_bytes  = 16'd4096 - {4'd0, log_addr_q[11:0]};
  assign log_valid_o     = log_ready_bytes != '0 && !log_busy_q;
  assign log_page_o      = log_addr_q[63:12];
  assign log_skip        = b_valid_i && !logging_i && log_ready_bytes == '0 && !log_busy_q;
  always_comb begin
    log_bytes = '0;
    if (log_skip) log_bytes = b_burst;
    else if (log_ready_i) begin
      log_bytes = log_ready_bytes < log_page_bytes ? log_ready_bytes : log_page_bytes;
    end
  end

  logic        error;
  logic [63:0] error_info;
  assign error      = (b_valid_i && b_error_i) || (log_done_i && log_error_i);
  assign error_info = b_valid_i && b_error_i ? b_addr_q : log_error_info_i;

  assign done_o       = busy_q && !aw_refused_i && log_left_q == (log_skip ? b_burst : '0) &&
                        (!log_busy_q || log_done_i);
  assign error_o      = error_q || refused_q || error;
  assign error_code_o = error && !error_q ? vqnic_regs_pkg::FAULT_DMA_WRITE : error_code_q;
  assign error_info_o = error && !error_q ? error_info : error_info_q;
  assign req_ready_o  = !busy_q;
  assign busy_o       = busy_q;

  // What a refusal takes away.
  logic [15:0] refused;
  assign refused = aw_refused_i ? aw_left_q : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      asid_q       <= '0;
      aw_addr_q    <= '0;
      aw_left_q    <= '0;
      w_addr_q     <= '0;
      w_left_q     <= '0;
      b_addr_q     <= '0;
      b_left_q     <= '0;
      log_addr_q   <= '0;
      log_left_q   <= '0;
      log_busy_q   <= 1'b0;
      busy_q       <= 1'b0;
      error_q      <= 1'b0;
      refused_q    <= 1'b0;
      error_code_q <= vqnic_regs_pkg::FAULT_NONE;
      error_info_q <= '0;
    end else if (req_ready_o) begin
      if (req_valid_i) begin
        asid_q     <= req_asid_i;
        aw_addr_q  <= req_addr_i;
        aw_left_q  <= req_len_i;
        w_addr_q   <= req_addr_i;
        w_left_q   <= req_len_i;
        b_addr_q   <= req_addr_i;
        b_left_q   <= req_len_i;
        log_addr_q <= req_addr_i;
        log_left_q <= req_len_i;
        busy_q     <= 1'b1;
        error_q    <= 1'b0;
      end
    end else begin
      if (aw_valid_o && aw_ready_i) begin
        aw_addr_q <= aw_addr_q + 64'(aw_burst);
        aw_left_q <= aw_left_q - aw_burst;
      end
      if (aw_refused_i) aw_left_q <= '0;
      w_left_q <= w_left_q - (w_valid_o && w_ready_i ? bytes : '0) - refused;
      b_left_q   <= b_left_q - (b_valid_i ? b_burst : '0) - refused;
      log_left_q <= log_left_q - log_bytes - refused;
      log_addr_q <= log_addr_q + 64'(log_bytes);
      if (log_ready_i)     log_busy_q <= 1'b1;
      else if (log_done_i) log_busy_q <= 1'b0;
      if (w_valid_o && w_ready_i) w_addr_q <= w_addr_q + 64'(bytes);
      if (b_valid_i) b_addr_q <= b_addr_q + 64'(b_burst);
      if (done_o) begin
        busy_q    <= 1'b0;
        refused_q <= 1'b0;
      end
      // Responses come for what is before a refused burst, in the order of addresses.
      if (error && !error_q) begin
        error_q      <= 1'b1;
        error_code_q <= vqnic_regs_pkg::FAULT_DMA_WRITE;
        error_info_q <= error_info;
      end else if (aw_refused_i && !error_q) begin
        error_code_q <= refuse_code_i;
        error_info_q <= refuse_info_i;
      end
      if (aw_refused_i) refused_q <= 1'b1;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      written_before_acknowledged: assert (!b_valid_i || b_left_q > w_left_q);
      not_empty:                   assert (!req_valid_i || req_len_i != '0);
      one_outcome:                 assert (!aw_refused_i || (aw_valid_o && !aw_ready_i));
      no_data_before_address:      assert (w_left_q >= refused);
      logged_after_acknowledged:   assert (log_left_q >= b_left_q);
      done_is_all:                 assert (!done_o || b_left_q == (b_valid_i ? b_burst : '0));
    end
  end
`endif

endmodule

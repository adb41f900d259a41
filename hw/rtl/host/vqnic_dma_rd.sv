// SPDX-License-Identifier: Apache-2.0
//
// Reads any number of bytes from any address: one request at a time, cut into AXI bursts that stay
// inside 4 KiB and 256 beats. Data comes as the beats of the bus, each with the lanes that belong
// to the request.

module vqnic_dma_rd #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneW = $clog2(DATA_W / 8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              req_valid_i,
  output logic              req_ready_o,
  input  logic [63:0]       req_addr_i,
  input  logic [15:0]       req_len_i,     // bytes, not 0

  output logic              beat_valid_o,  // taken by the client at once
  output logic [DATA_W-1:0] beat_data_o,
  output logic [LaneW-1:0]  beat_lane_o,   // first lane that belongs to the request
  output logic [LaneW:0]    beat_bytes_o,  // number of lanes that do
  output logic              done_o,        // with the last beat
  output logic              error_o,       // with done_o: a beat had an error response
  output logic [63:0]       error_addr_o,  // address of the first such

  output logic              ar_valid_o,
  input  logic              ar_ready_i,
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
  logic [63:0] ask_addr_q, addr_q, error_addr_q;
  logic [15:0] ask_left_q, left_q;
  logic        error_q;

  logic [15:0] to_boundary, burst;
  logic [15:0] burst_lanes;  // of the burst's beats, from lane 0 of the first to its last byte
  assign to_boundary = 16'(BurstBytes) - 16'(ask_addr_q[BurstW-1:0]);
  assign burst       = ask_left_q < to_boundary ? ask_left_q : to_boundary;
  assign burst_lanes = burst + 16'(ask_addr_q[LaneW-1:0]) - 16'd1;

  assign ar_valid_o = ask_left_q != '0;
  assign ar_addr_o  = ask_addr_q;
  assign ar_len_o   = 8'(burst_lanes >> LaneW);

  logic [15:0] to_beat_end, bytes;
  assign to_beat_end  = 16'(LaneCount) - 16'(addr_q[LaneW-1:0]);
  assign bytes        = left_q < to_beat_end ? left_q : to_beat_end;
  assign beat_valid_o = r_valid_i;
  assign beat_data_o  = r_data_i;
  assign beat_lane_o  = addr_q[LaneW-1:0];
  assign beat_bytes_o = bytes[LaneW:0];
  assign done_o       = r_valid_i && left_q == bytes;
  assign error_o      = error_q || r_error_i;
  assign error_addr_o = error_q ? error_addr_q : addr_q;
  assign req_ready_o  = left_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ask_addr_q   <= '0;
      ask_left_q   <= '0;
      addr_q       <= '0;
      left_q       <= '0;
      error_q      <= 1'b0;
      error_addr_q <= '0;
    end else if (req_ready_o) begin
      if (req_valid_i) begin
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
      if (r_valid_i) begin
        addr_q <= addr_q + 64'(bytes);
        left_q <= left_q - bytes;
        if (r_error_i && !error_q) begin
          error_q      <= 1'b1;
          error_addr_q <= addr_q;
        end
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      asked_before_data: assert (!r_valid_i || left_q > ask_left_q);
      not_empty:         assert (!req_valid_i || req_len_i != '0);
    end
  end
`endif

endmodule

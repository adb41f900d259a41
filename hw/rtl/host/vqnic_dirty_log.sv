// SPDX-License-Identifier: Apache-2.0
//
// The dirty logs of all address spaces: writes the byte of each page that the writers of the DMA
// have written to, one page at a time.
//
// A filter keeps the pages that were logged last, and they are not logged again. It forgets an
// address space when its log changes or the address space is invalidated. A log write that such a
// change overtakes goes to the old log and is not kept: whoever changes the log waits, by an
// invalidation, until the requests of then are done, and they are done after their log writes.

module vqnic_dirty_log #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned N      = 2,      // writers
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned IovaPageW = 64 - 12,
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,

  // Pages whose writes have been acknowledged. One stands until it is taken (ready_o), the port's
  // next one comes after its done_o.
  input  logic [N-1:0]                valid_i,
  input  logic [N-1:0][AsidW-1:0]     asid_i,
  input  logic [N-1:0][IovaPageW-1:0] page_i,
  output logic [N-1:0]                ready_o,
  output logic [N-1:0]                done_o,        // it is logged, or need not be
  output logic                        error_o,       // with done_o: the log was not written
  output logic [63:0]                 error_info_o,  // bus address of its byte

  // vqnic_as_regs
  output logic [AsidW-1:0]            log_asid_o,
  input  logic                        log_on_i,      // of log_asid_o, without delay
  input  logic [60:0]                 log_i,         // bits 63:3 of its bus address
  input  logic [31:0]                 log_pages_i,
  input  logic                        forget_i,      // from the next cycle on all is different
  input  logic [AsidW-1:0]            forget_asid_i,

  // vqnic_axi_mux, bursts of one beat
  output logic                        aw_valid_o,
  input  logic                        aw_ready_i,
  output logic [63:0]                 aw_addr_o,
  output logic                        w_valid_o,
  input  logic                        w_ready_i,
  output logic [DATA_W-1:0]           w_data_o,
  output logic [LaneCount-1:0]        w_strb_o,
  input  logic                        b_valid_i,
  input  logic                        b_error_i
);

  localparam int unsigned IdxW  = N > 1 ? $clog2(N) : 1;
  localparam int unsigned PageW = 32;     // as many pages as a log can have
  localparam int unsigned Entries = 64;   // of the filter
  localparam int unsigned EntryW  = $clog2(Entries);

  typedef enum logic [1:0] {Idle, Look, Write} state_e;

  state_e               state_q;
  logic [IdxW-1:0]      port_q;
  logic [AsidW-1:0]     asid_q;
  logic [IovaPageW-1:0] page_q;
  logic [63:0]          addr_q;
  logic                 aw_left_q, w_left_q, stale_q;

  logic            pick;
  logic [IdxW-1:0] pick_idx;
  vqnic_arbiter #(
    .N(N)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (state_q == Idle ? valid_i : '0),
    .valid_o(pick),
    .idx_o  (pick_idx),
    .done_i (pick)
  );

  // The filter.
  logic [Entries-1:0]       valid_q;
  logic [Entries*AsidW-1:0] owner_q;      // in flip-flops, so that an address space goes at once
  logic [PageW-1:0]         page_mem [Entries];
  logic [EntryW-1:0]        entry;
  logic                     known, wanted, kept, done;

  assign entry = EntryW'(asid_q) ^ page_q[EntryW-1:0] ^ page_q[2*EntryW-1:EntryW];
  assign known = valid_q[entry] && owner_q[entry*AsidW +: AsidW] == asid_q &&
                 page_mem[entry] == page_q[PageW-1:0];

  assign wanted = log_on_i && page_q[IovaPageW-1:PageW] == '0 && page_q[PageW-1:0] < log_pages_i &&
                  !known;
  assign done   = (state_q == Look && !wanted) || (state_q == Write && b_valid_i);
  assign kept   = state_q == Write && b_valid_i && !b_error_i && !stale_q &&
                  !(forget_i && forget_asid_i == asid_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
      owner_q <= '0;
    end else begin
      if (forget_i) begin
        for (int unsigned i = 0; i < Entries; i++) begin
          if (owner_q[i*AsidW +: AsidW] == forget_asid_i) valid_q[i] <= 1'b0;
        end
      end
      if (kept) begin
        valid_q[entry]                  <= 1'b1;
        owner_q[entry*AsidW +: AsidW] <= asid_q;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (kept) page_mem[entry] <= page_q[PageW-1:0];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= Idle;
      port_q    <= '0;
      asid_q    <= '0;
      page_q    <= '0;
      addr_q    <= '0;
      aw_left_q <= 1'b0;
      w_left_q  <= 1'b0;
      stale_q   <= 1'b0;
    end else begin
      if (state_q == Idle) stale_q <= 1'b0;
      else if (forget_i && forget_asid_i == asid_q) stale_q <= 1'b1;
      if (aw_ready_i) aw_left_q <= 1'b0;
      if (w_valid_o && w_ready_i) w_left_q <= 1'b0;
      unique case (state_q)
        Idle: begin
          if (pick) begin
            port_q  <= pick_idx;
            asid_q  <= asid_i[pick_idx];
            page_q  <= page_i[pick_idx];
            state_q <= Look;
          end
        end
        Look: begin
          addr_q    <= {log_i, 3'd0} + {32'd0, page_q[PageW-1:0]};
          aw_left_q <= wanted;
          w_left_q  <= wanted;
          state_q   <= wanted ? Write : Idle;
        end
        Write:   if (b_valid_i) state_q <= Idle;
        default: state_q <= Idle;
      endcase
    end
  end

  for (genvar i = 0; i < N; i++) begin : gen_port
    assign ready_o[i] = pick && pick_idx == IdxW'(i);
    assign done_o[i]  = done && port_q == IdxW'(i);
  end
  assign error_o      = state_q == Write && b_error_i;
  assign error_info_o = addr_q;
  assign log_asid_o   = asid_q;

  assign aw_valid_o = aw_left_q;
  assign aw_addr_o  = addr_q;
  assign w_valid_o  = w_left_q;
  assign w_data_o   = {LaneCount{8'd1}};
  assign w_strb_o   = LaneCount'(1) << addr_q[LaneW-1:0];

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      written_before_acknowledged: assert (!b_valid_i ||
                                           (state_q == Write && !aw_left_q && !w_left_q));
    end
  end
`endif

endmodule

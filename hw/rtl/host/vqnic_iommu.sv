// SPDX-License-Identifier: Apache-2.0
//
// Translates the address of every DMA burst, {address space, IOVA}, to a bus address before the
// burst is issued. A burst does not cross 4 KiB, so one page is enough.
//
// AS_IDENTITY costs nothing, a hit in the TLB two cycles. A miss waits for the walker; hits pass it
// until a second miss has come. A burst that may not be is refused and never reaches the bus.
//
// Invalidation: the TLB forgets at once, and what a walk under way will find is not kept, so
// whatever asks from then on finds what the tables say now. Older translations are those of
// requests that have begun: each is waited for to its end, which is near, as a request is finite
// and what its port begins later does not count.

module vqnic_iommu #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned N      = 4,      // ports, with one request at a time each
  localparam int unsigned AsidW  = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned Spaces = vqnic_regs_pkg::ADDRESS_SPACE_COUNT,
  localparam int unsigned FrameW = vqnic_pkg::FRAME_W
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  // Bursts to be translated. One stands until it is issued (ready_o) or refused.
  input  logic [N-1:0]            busy_i,     // a request is not done; its bursts come one by one
  input  logic [N-1:0]            write_i,
  input  logic [N-1:0][AsidW-1:0] asid_i,     // of the request
  input  logic [N-1:0]            valid_i,
  input  logic [N-1:0][63:0]      addr_i,
  output logic [N-1:0]            ready_o,
  output logic [N-1:0]            refused_o,
  output logic [7:0]              refuse_code_o,
  output logic [63:0]             refuse_info_o,

  // Translated ones.
  output logic [N-1:0]            valid_o,
  output logic [N-1:0][63:0]      addr_o,
  input  logic [N-1:0]            ready_i,

  // vqnic_as_regs
  output logic [AsidW-1:0]        root_asid_o,
  input  logic                    root_valid_i,
  input  logic [FrameW-1:0]       root_i,
  input  logic                    invalidate_i,
  input  logic [AsidW-1:0]        invalidate_asid_i,
  output logic [Spaces-1:0]       invalidating_o,

  // The walker's reads, of 8 bytes.
  output logic                    ar_valid_o,
  input  logic                    ar_ready_i,
  output logic [63:0]             ar_addr_o,
  input  logic                    r_valid_i,
  input  logic [DATA_W-1:0]       r_data_i,
  input  logic                    r_error_i,

  output logic                    idle_o
);

  localparam int unsigned IdxW = N > 1 ? $clog2(N) : 1;
  localparam int unsigned PageW = vqnic_regs_pkg::IOVA_BITS - 12;
  localparam int unsigned Sets = 16;
  localparam int unsigned Ways = 4;

  // Of each port's burst: it is being translated, or was and waits for the bus.
  logic [N-1:0]             asked_q, found_q, identity;
  logic [N-1:0][FrameW-1:0] frame_q;
  for (genvar i = 0; i < N; i++) begin : gen_port
    assign identity[i] = asid_i[i] == AsidW'(vqnic_regs_pkg::AS_IDENTITY);
    assign valid_o[i]  = valid_i[i] && (identity[i] || found_q[i]);
    assign addr_o[i]   = identity[i] ? addr_i[i] : {12'd0, frame_q[i], addr_i[i][11:0]};
    assign ready_o[i]  = valid_o[i] && ready_i[i];
  end

  // One burst at a time is looked up; a miss waits here until the walker is free.
  logic              pick, key_valid_q, key_done, key_write_q;
  logic [IdxW-1:0]   pick_idx, key_port_q;
  logic [AsidW-1:0]  key_asid_q;
  logic [63:0]       key_iova_q;

  vqnic_arbiter #(
    .N(N)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (key_valid_q && !key_done ? '0 : valid_i & ~identity & ~asked_q & ~found_q),
    .valid_o(pick),
    .idx_o  (pick_idx),
    .done_i (pick)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      key_valid_q <= 1'b0;
      key_port_q  <= '0;
      key_asid_q  <= '0;
      key_iova_q  <= '0;
      key_write_q <= 1'b0;
    end else if (pick) begin
      key_valid_q <= 1'b1;
      key_port_q  <= pick_idx;
      key_asid_q  <= asid_i[pick_idx];
      key_iova_q  <= addr_i[pick_idx];
      key_write_q <= write_i[pick_idx];
    end else if (key_done) begin
      key_valid_q <= 1'b0;
    end
  end

  logic                      tlb_hit, hit, fill;
  logic [FrameW-1:0]         tlb_frame;
  logic [$clog2(Ways)-1:0]   tlb_way, walk_way_q;
  logic [IdxW-1:0]           walk_port_q;
  logic [PageW-1:0]          walk_page_q;
  logic                      walk_start, walk_busy, walk_done, walk_stale, walk_fault;
  logic                      walk_writable;
  logic [FrameW-1:0]         walk_frame;

  assign hit        = tlb_hit && key_iova_q[63:vqnic_regs_pkg::IOVA_BITS] == '0;
  assign walk_start = key_valid_q && !hit && !walk_busy;
  assign key_done   = key_valid_q && (hit || !walk_busy);

  vqnic_tlb #(
    .SETS(Sets),
    .WAYS(Ways)
  ) u_tlb (
    .clk_i,
    .rst_ni,
    .lookup_i       (key_valid_q),
    .asid_i         (key_asid_q),
    .page_i         (key_iova_q[vqnic_regs_pkg::IOVA_BITS-1:12]),
    .write_i        (key_write_q),
    .hit_o          (tlb_hit),
    .frame_o        (tlb_frame),
    .way_o          (tlb_way),
    .fill_i         (fill),
    .fill_asid_i    (root_asid_o),
    .fill_page_i    (walk_page_q),
    .fill_frame_i   (walk_frame),
    .fill_writable_i(walk_writable),
    .fill_way_i     (walk_way_q),
    .invalidate_i,
    .invalidate_asid_i
  );

  vqnic_walker #(
    .DATA_W(DATA_W)
  ) u_walker (
    .clk_i,
    .rst_ni,
    .start_i     (walk_start),
    .asid_i      (key_asid_q),
    .iova_i      (key_iova_q),
    .write_i     (key_write_q),
    .busy_o      (walk_busy),
    .done_o      (walk_done),
    .stale_o     (walk_stale),
    .fault_o     (walk_fault),
    .fault_code_o(refuse_code_o),
    .fault_info_o(refuse_info_o),
    .frame_o     (walk_frame),
    .writable_o  (walk_writable),
    .asid_o      (root_asid_o),
    .root_valid_i,
    .root_i,
    .invalidate_i,
    .invalidate_asid_i,
    .ar_valid_o,
    .ar_ready_i,
    .ar_addr_o,
    .r_valid_i,
    .r_data_i,
    .r_error_i
  );
  assign fill = walk_done && !walk_fault && !walk_stale;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      walk_port_q <= '0;
      walk_page_q <= '0;
      walk_way_q  <= '0;
    end else if (walk_start) begin
      walk_port_q <= key_port_q;
      walk_page_q <= key_iova_q[vqnic_regs_pkg::IOVA_BITS-1:12];
      walk_way_q  <= tlb_way;
    end
  end

  logic [N-1:0] looked_up, walked, old_q;
  for (genvar i = 0; i < N; i++) begin : gen_state
    assign looked_up[i] = key_valid_q && hit && key_port_q == IdxW'(i);
    assign walked[i]    = walk_done && walk_port_q == IdxW'(i);
    assign refused_o[i] = walked[i] && walk_fault;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        asked_q[i] <= 1'b0;
        found_q[i] <= 1'b0;
        frame_q[i] <= '0;
        old_q[i]   <= 1'b0;
      end else begin
        if (looked_up[i] || walked[i])            asked_q[i] <= 1'b0;
        else if (pick && pick_idx == IdxW'(i))    asked_q[i] <= 1'b1;

        if (looked_up[i] || (walked[i] && !walk_fault)) found_q[i] <= 1'b1;
        else if (ready_o[i])                               found_q[i] <= 1'b0;

        if (looked_up[i])   frame_q[i] <= tlb_frame;
        else if (walked[i]) frame_q[i] <= walk_frame;

        old_q[i] <= busy_i[i] &&
                    (old_q[i] || (invalidate_i && invalidate_asid_i == asid_i[i]));
      end
    end
  end

  always_comb begin
    invalidating_o = '0;
    for (int unsigned i = 0; i < N; i++) if (old_q[i]) invalidating_o[asid_i[i]] = 1'b1;
  end

  assign idle_o = old_q == '0;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      bursts_of_requests: assert ((valid_i & ~busy_i) == '0);
      burst_stands:       assert ((asked_q & ~valid_i) == '0 && (found_q & ~valid_i) == '0);
      walk_is_asked_for:  assert (!walk_busy || asked_q[walk_port_q]);
      one_result:         assert ((looked_up & walked) == '0);
    end
  end
`endif

endmodule

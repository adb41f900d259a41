// SPDX-License-Identifier: Apache-2.0
//
// The translations that were needed last: one entry for each page of 4 KiB, whatever the size of
// the leaf that it is a part of. Set associative; a set is filled in turn.
//
// An entry that may not be written is no hit for a write: that its page has become writable needs
// no invalidation.

module vqnic_tlb #(
  parameter int unsigned SETS = 16,    // a power of two
  parameter int unsigned WAYS = 4,     // a power of two
  localparam int unsigned AsidW  = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned PageW  = vqnic_regs_pkg::IOVA_BITS - 12,
  localparam int unsigned FrameW = vqnic_pkg::FRAME_W,
  localparam int unsigned WayW   = $clog2(WAYS)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  // Looked up at once.
  input  logic              lookup_i,
  input  logic [AsidW-1:0]  asid_i,
  input  logic [PageW-1:0]  page_i,
  input  logic              write_i,
  output logic              hit_o,
  output logic [FrameW-1:0] frame_o,
  output logic [WayW-1:0]   way_o,         // which way to fill with this page

  // An entry for a page that was looked up; no other was filled in between.
  input  logic              fill_i,
  input  logic [AsidW-1:0]  fill_asid_i,
  input  logic [PageW-1:0]  fill_page_i,
  input  logic [FrameW-1:0] fill_frame_i,
  input  logic              fill_writable_i,
  input  logic [WayW-1:0]   fill_way_i,

  input  logic              invalidate_i,  // forget this address space; not with a fill of it
  input  logic [AsidW-1:0]  invalidate_asid_i
);

  localparam int unsigned SetW   = $clog2(SETS);
  localparam int unsigned EntryW = PageW + FrameW + 1;

  // Pages next to each other, and the same page of different address spaces, lie in different sets.
  function automatic logic [SetW-1:0] set_of(input logic [AsidW-1:0] asid,
                                             input logic [PageW-1:0] page);
    set_of = SetW'(asid) ^ SetW'(asid >> SetW) ^ SetW'(page) ^ SetW'(page >> SetW) ^
             SetW'(page >> 2 * SetW);
  endfunction

  logic [SetW-1:0] set, fill_set;
  assign set      = lookup_i ? set_of(asid_i, page_i) : '0;
  assign fill_set = fill_i ? set_of(fill_asid_i, fill_page_i) : '0;

  logic [WAYS-1:0]             valid, match, writable;
  logic [WAYS-1:0][FrameW-1:0] frame;

  for (genvar w = 0; w < WAYS; w++) begin : gen_way
    logic [SETS-1:0]       valid_q;
    logic [SETS*AsidW-1:0] asid_q;   // in flip-flops, so that all of an address space go at once
    logic [EntryW-1:0]     mem [SETS];

    logic [PageW-1:0] page;
    always_comb begin
      valid[w]    = 1'b0;
      match[w]    = 1'b0;
      page        = '0;
      frame[w]    = '0;
      writable[w] = 1'b0;
      if (lookup_i) begin
        {page, frame[w], writable[w]} = mem[set];
        valid[w] = valid_q[set];
        match[w] = valid[w] && asid_q[set * AsidW +: AsidW] == asid_i && page == page_i;
      end
    end

    logic fill;
    assign fill = fill_i && fill_way_i == WayW'(w);

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        valid_q <= '0;
        asid_q  <= '0;
      end else if (fill || invalidate_i) begin
        for (int unsigned s = 0; s < SETS; s++) begin
          if (invalidate_i && asid_q[s * AsidW +: AsidW] == invalidate_asid_i) valid_q[s] <= 1'b0;
        end
        if (fill) begin
          valid_q[fill_set]                  <= 1'b1;
          asid_q[fill_set * AsidW +: AsidW] <= fill_asid_i;
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (fill) mem[fill_set] <= {fill_page_i, fill_frame_i, fill_writable_i};
    end
  end

  logic [WayW-1:0] victim_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)     victim_q <= '0;
    else if (fill_i) victim_q <= victim_q + WayW'(1);
  end

  // A page has one entry at most: what is there of it is replaced first.
  always_comb begin
    hit_o   = 1'b0;
    frame_o = '0;
    way_o   = victim_q;
    for (int unsigned w = 0; w < WAYS; w++) if (!valid[w]) way_o = WayW'(w);
    for (int unsigned w = 0; w < WAYS; w++) begin
      if (match[w]) begin
        hit_o   = writable[w] || !write_i;
        frame_o = frame[w];
        way_o   = WayW'(w);
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      one_entry:     assert ((match & (match - WAYS'(1))) == '0);
      fill_is_valid: assert (!fill_i || !invalidate_i || fill_asid_i != invalidate_asid_i);
    end
  end
`endif

endmodule

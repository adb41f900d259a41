// SPDX-License-Identifier: Apache-2.0
//
// Inserts an 802.1Q tag behind the addresses of a frame, replaces its content, or strips it. The
// result comes in the same cycle as a word or the flush; stripping is a word behind.

module vqnic_tag_edit #(
  parameter int unsigned DATA_W = 512
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 start_i,   // the next word is a frame's first
  input  vqnic_pkg::tag_edit_e edit_i,    // stable from then on
  input  logic [15:0]          tci_i,

  input  logic                 word_valid_i,
  input  logic [DATA_W-1:0]    word_i,
  input  logic                 flush_i,   // the bytes that are left, behind the last word

  output logic                 word_valid_o,
  output logic [DATA_W-1:0]    word_o
);

  localparam int unsigned LaneCount = DATA_W / 8;
  localparam int unsigned MacBytes = vqnic_pkg::MAC_BYTES;
  localparam int unsigned TagBytes = vqnic_pkg::TAG_BYTES;
  localparam int unsigned TagEnd = MacBytes + TagBytes;

  // Which word comes out next: the first, the second, or one behind the tag's place in any case.
  logic [1:0]        index_q;
  logic              full_q;    // prev_q holds a word of this frame
  logic [DATA_W-1:0] prev_q;

  logic [31:0]       tag;       // as it lies in the frame
  assign tag = {tci_i[7:0], tci_i[15:8], vqnic_pkg::TYPE_VLAN[7:0], vqnic_pkg::TYPE_VLAN[15:8]};

  // The bytes TagBytes behind, and before, their place in the frame.
  logic [DATA_W-1:0] later, earlier;
  assign later   = {word_i[DATA_W-1-TagBytes*8:0], prev_q[DATA_W-1 -: TagBytes*8]};
  assign earlier = {word_i[TagBytes*8-1:0], prev_q[DATA_W-1:TagBytes*8]};

  // Lanes of the word that comes out which lie before, in, and in the content of, a tag.
  logic [LaneCount-1:0] in_mac, in_tag, in_tci;
  always_comb begin
    in_mac = '0;
    in_tag = '0;
    in_tci = '0;
    for (int unsigned i = 0; i < LaneCount; i++) begin
      if (index_q == 2'd0) begin
        in_mac[i] = i < MacBytes;
        in_tag[i] = i >= MacBytes && i < TagEnd;
        in_tci[i] = i >= TagEnd - 2 && i < TagEnd;
      end else if (index_q == 2'd1) begin
        in_mac[i] = LaneCount + i < MacBytes;
        in_tag[i] = LaneCount + i >= MacBytes && LaneCount + i < TagEnd;
        in_tci[i] = LaneCount + i >= TagEnd - 2 && LaneCount + i < TagEnd;
      end
    end
  end

  always_comb begin
    word_o = word_i;
    for (int unsigned i = 0; i < LaneCount; i++) begin
      unique case (edit_i)
        vqnic_pkg::TAG_INSERT:
          if (in_tag[i])       word_o[i*8 +: 8] = tag[((i - MacBytes) % TagBytes)*8 +: 8];
          else if (!in_mac[i]) word_o[i*8 +: 8] = later[i*8 +: 8];
        vqnic_pkg::TAG_REPLACE:
          if (in_tci[i])       word_o[i*8 +: 8] = tag[((i - MacBytes) % TagBytes)*8 +: 8];
        vqnic_pkg::TAG_STRIP:
          word_o[i*8 +: 8] = in_mac[i] ? prev_q[i*8 +: 8] : earlier[i*8 +: 8];
        default: ;
      endcase
    end
  end

  assign word_valid_o = flush_i || (word_valid_i && (edit_i != vqnic_pkg::TAG_STRIP || full_q));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_q <= '0;
      full_q  <= 1'b0;
    end else if (start_i) begin
      index_q <= '0;
      full_q  <= 1'b0;
    end else begin
      if (word_valid_i)                      full_q  <= 1'b1;
      if (word_valid_o && index_q != 2'd2)   index_q <= index_q + 2'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (word_valid_i) prev_q <= word_i;
  end

endmodule

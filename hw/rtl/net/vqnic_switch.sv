// SPDX-License-Identifier: Apache-2.0
//
// The switch between the vdevs and the wire: one frame at a time, from the frame buffer of either,
// into those of both.
//
// A frame is looked at from its first bytes, then its addresses and VLAN are looked up, and in one
// cycle it is decided whom it is for (vqnic_forward). Then it is copied: once in the form that the
// wire has, and once more without its tag if a vdev is to get it so. A checksum that the sender
// left to the card is summed up before that, in a pass of its own.
//
// A frame of a vdev is begun only when both buffers have room for it, so that a wire that stands
// still does not hold up what comes from the wire.

module vqnic_switch #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned VDEVS  = 2,
  localparam int unsigned VlanW = $clog2(vqnic_regs_pkg::VLANS),
  localparam int unsigned VdevW = VDEVS > 1 ? $clog2(VDEVS) : 1,
  localparam int unsigned PairW = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   stop_i,           // begin no frame: the tables are being cleared

  input  logic [VDEVS-1:0]       enable_i,
  input  logic [VDEVS-1:0][8:0]  rx_mode_i,
  input  logic [VDEVS-1:0][31:0] policy_i,

  // vqnic_frame_fifo with what the vdevs send
  input  logic                   a_valid_i,
  input  logic [15:0]            a_len_i,
  input  logic [VdevW-1:0]       a_vdev_i,
  input  logic [PairW-1:0]       a_pair_i,         // of the vdev
  input  logic                   a_csum_valid_i,   // VIRTIO_NET_HDR_F_NEEDS_CSUM
  input  logic [15:0]            a_csum_start_i,
  input  logic [15:0]            a_csum_offset_i,
  input  logic                   a_stale_i,        // its sender was disabled since: to be dropped
  output logic                   a_rewind_o,
  output logic                   a_free_o,
  input  logic                   a_word_valid_i,
  output logic                   a_word_ready_o,
  input  logic [DATA_W-1:0]      a_word_i,

  // vqnic_frame_fifo with what came from the wire
  input  logic                   b_valid_i,
  input  logic [15:0]            b_len_i,
  output logic                   b_rewind_o,
  output logic                   b_free_o,
  input  logic                   b_word_valid_i,
  output logic                   b_word_ready_o,
  input  logic [DATA_W-1:0]      b_word_i,

  // vqnic_frame_fifo to the wire (C) and to the vdevs (D)
  input  logic                   c_room_i,
  output logic                   c_word_valid_o,
  output logic                   c_commit_o,
  input  logic                   d_room_i,
  output logic                   d_word_valid_o,
  output logic                   d_commit_o,
  output logic [DATA_W-1:0]      word_o,
  output logic [15:0]            len_o,
  output logic                   tagged_o,
  output logic [VDEVS-1:0]       vdevs_o,
  output logic                   csum_ok_o,        // TCP or UDP whose checksum is right
  output logic [31:0]            hash_o,           // of its flow

  // vqnic_mac_table and vqnic_vlan_table
  output logic                   hold_o,
  output logic                   mac_look_o,
  output logic [47:0]            mac_o,
  input  logic [VDEVS-1:0]       mac_vdevs_i,
  output logic                   vlan_look_o,
  input  logic                   vlan_look_ready_i,
  output logic [VlanW-1:0]       vlan_o,
  input  logic [VDEVS-1:0]       vlan_rx_i,
  input  logic [VDEVS-1:0]       vlan_tx_i,

  // vqnic_steer
  output logic                   learn_o,
  output logic [VdevW-1:0]       learn_vdev_o,
  output logic [31:0]            learn_hash_o,
  output logic [PairW-1:0]       learn_pair_o,

  // One cycle for each frame.
  output logic                   drop_filter_o,
  output logic                   switched_o,       // from a vdev to another
  output logic [VDEVS-1:0]       rx_drop_vlan_o,
  output logic [VDEVS-1:0]       tx_drop_spoof_o,
  output logic [VDEVS-1:0]       tx_drop_vlan_o,
  output logic [PairW-1:0]       tx_drop_pair_o,   // the pair that it was sent on

  output logic                   idle_o
);

  localparam int unsigned LaneCount = DATA_W / 8;
  localparam int unsigned LaneW = $clog2(LaneCount);
  localparam logic [15:0] TagLen = 16'(vqnic_pkg::TAG_BYTES);

  typedef enum logic [3:0] {
    Idle,
    Header,   // the first words go to the parser
    Parse,    // it looks at them
    LookVlan,
    LookDst,
    LookSrc,
    Look,     // the last answer comes
    Decide,
    Begin,    // a pass over the frame
    Pass,
    Flush,    // one more word comes out than went in
    Settle,   // the sum is still growing
    Commit,
    Free
  } state_e;

  state_e           state_q, state_d;
  logic             wire_q;         // the frame came from the wire
  logic             last_wire_q;    // so did the one before

  // Whose turn it is.
  logic pick, pick_wire, may_a, may_b;
  assign may_a     = a_valid_i && ((c_room_i && d_room_i) || a_stale_i);
  assign may_b     = b_valid_i && d_room_i;
  assign pick      = state_q == Idle && !stop_i && (may_a || may_b);
  assign pick_wire = may_b && !(may_a && last_wire_q);

  // The frame in hand.
  logic [15:0]       len;
  logic              word_valid, word_ready, rewind;
  logic [DATA_W-1:0] word;
  assign len        = wire_q ? b_len_i : a_len_i;
  assign word_valid = word_ready && (wire_q ? b_word_valid_i : a_word_valid_i);
  assign word       = wire_q ? b_word_i : a_word_i;
  assign a_word_ready_o = word_ready && !wire_q;
  assign b_word_ready_o = word_ready && wire_q;
  assign a_rewind_o     = rewind && !wire_q;
  assign b_rewind_o     = rewind && wire_q;
  assign a_free_o       = state_q == Free && !wire_q;
  assign b_free_o       = state_q == Free && wire_q;
  assign word_ready     = state_q == Header || state_q == Pass;
  assign rewind         = state_q == Parse || (state_q == Begin && state_d != Begin);

  function automatic logic [15:0] words(input logic [15:0] bytes);
    words = 16'(({1'b0, bytes} + 17'(LaneCount - 1)) >> LaneW);
  endfunction

  logic [15:0] in_left_q, out_left_q;  // words

  logic parser_full;
  vqnic_pkg::frame_t frame;
  vqnic_parser #(
    .DATA_W(DATA_W)
  ) u_parser (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Idle),
    .word_valid_i(word_valid && state_q == Header),
    .word_i      (word),
    .full_o      (parser_full),
    .len_i       (len),
    .frame_o     (frame)
  );

  // Lookups.
  assign hold_o      = stop_i || state_q == LookDst || state_q == LookSrc;
  assign mac_look_o  = state_q == LookDst || state_q == LookSrc;
  assign mac_o       = state_q == LookDst ? frame.dst : frame.src;
  assign vlan_look_o = state_q == LookVlan;

  logic                   to_wire, vdev_sent, port_vlan, drop_filter;
  logic [15:0]            port_tci;
  logic [VDEVS-1:0]       plain, untagged, rx_drop_vlan, tx_drop_spoof, tx_drop_vlan;
  logic [VDEVS-1:0]       dst_vdevs_q, src_vdevs_q, vlan_rx_q, vlan_tx_q;
  logic [VlanW-1:0]       vlan_q;
  always_ff @(posedge clk_i) begin
    unique case (state_q)
      LookVlan: vlan_q <= vlan_o;
      LookDst: begin
        vlan_rx_q <= vlan_rx_i;
        vlan_tx_q <= vlan_tx_i;
      end
      LookSrc: dst_vdevs_q <= mac_vdevs_i;
      Look:    src_vdevs_q <= mac_vdevs_i;
      default: ;
    endcase
  end

  vqnic_forward #(
    .VDEVS(VDEVS)
  ) u_forward (
    .enable_i,
    .rx_mode_i,
    .policy_i,
    .from_wire_i    (wire_q),
    .vdev_i         (a_vdev_i),
    .len_i          (len),
    .dst_i          (frame.dst),
    .src_group_i    (frame.src[0]),
    .tagged_i       (frame.has_tag),
    .cut_i          (frame.cut),
    .tag_vlan_i     (frame.tci[VlanW-1:0]),
    .vlan_i         (vlan_q),
    .vlan_o,
    .dst_vdevs_i    (dst_vdevs_q),
    .src_vdevs_i    (src_vdevs_q),
    .vlan_rx_i      (vlan_rx_q),
    .vlan_tx_i      (vlan_tx_q),
    .wire_o         (to_wire),
    .plain_o        (plain),
    .untagged_o     (untagged),
    .port_vlan_o    (port_vlan),
    .port_tci_o     (port_tci),
    .drop_filter_o  (drop_filter),
    .rx_drop_vlan_o (rx_drop_vlan),
    .sent_o         (vdev_sent),
    .tx_drop_spoof_o(tx_drop_spoof),
    .tx_drop_vlan_o (tx_drop_vlan)
  );

  // A policy that changed its VLAN since that was looked up decides with the new one.
  logic decide, sent;
  assign decide          = state_q == Decide && vlan_o == vlan_q;
  assign sent            = decide && vdev_sent;
  assign drop_filter_o   = decide && drop_filter;
  assign switched_o      = sent && (plain | untagged) != '0;
  assign rx_drop_vlan_o  = decide ? rx_drop_vlan : '0;
  assign tx_drop_spoof_o = decide ? tx_drop_spoof : '0;
  assign tx_drop_vlan_o  = decide ? tx_drop_vlan : '0;
  assign tx_drop_pair_o  = a_pair_i;
  assign learn_o         = sent;
  assign learn_vdev_o    = a_vdev_i;
  assign learn_hash_o    = frame.hash;
  assign learn_pair_o    = a_pair_i;

  // A checksum that is left to the card. The guest may not have it written where the decision has
  // looked: addresses and tag stay as they are.
  logic [16:0] field;
  logic        csum_asked;
  assign field      = {1'b0, a_csum_start_i} + {1'b0, a_csum_offset_i};
  assign csum_asked = !wire_q && a_csum_valid_i && a_csum_start_i <= len &&
                      field >= (frame.has_tag ? 17'd18 : 17'd14) && field + 17'd2 <= {1'b0, len};

  // What is left of the frame's delivery.
  logic                 sum_q;            // the pass that sums up
  logic                 plain_pass_q;     // that to the wire and to vdevs in the same form
  logic                 to_wire_q;
  logic [VDEVS-1:0]     plain_q, untagged_q;
  vqnic_pkg::tag_edit_e edit_q, edit;
  logic [15:0]          tci_q;
  logic                 plain_tagged_q;   // the frame in that form
  logic                 patch_q;          // a checksum is written
  logic [15:0]          csum_q;           // this one

  assign edit = plain_pass_q ? edit_q :
                frame.has_tag ? vqnic_pkg::TAG_STRIP : vqnic_pkg::TAG_KEEP;

  always_comb begin
    len_o = len;
    if (edit == vqnic_pkg::TAG_INSERT) len_o = len + TagLen;
    if (edit == vqnic_pkg::TAG_STRIP)  len_o = len - TagLen;
  end

  // The frame's words, with the checksum in them.
  logic [15:0]       position_q;
  logic [DATA_W-1:0] patched;
  always_comb begin
    patched = word;
    if (patch_q && !sum_q) begin
      for (int unsigned i = 0; i < LaneCount; i++) begin
        if (position_q + 16'(i) == field[15:0])          patched[i*8 +: 8] = csum_q[15:8];
        if (position_q + 16'(i) == field[15:0] + 16'd1)  patched[i*8 +: 8] = csum_q[7:0];
      end
    end
  end

  logic        csum_busy;
  logic [15:0] csum;
  vqnic_csum #(
    .DATA_W(DATA_W)
  ) u_csum (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Begin),
    .from_i      (sum_q ? a_csum_start_i : frame.l4_start),
    .to_i        (sum_q ? len : frame.l4_end),
    .seed_i      (sum_q ? '0 : frame.l4_pseudo),
    .word_valid_i(word_valid && state_q == Pass),
    .word_i      (patched),
    .busy_o      (csum_busy),
    .sum_o       (csum)
  );

  logic              edit_valid, out_valid;
  vqnic_tag_edit #(
    .DATA_W(DATA_W)
  ) u_tag_edit (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Begin),
    .edit_i      (edit),
    .tci_i       (tci_q),
    .word_valid_i(word_valid && state_q == Pass),
    .word_i      (patched),
    .flush_i     (state_q == Flush),
    .word_valid_o(edit_valid),
    .word_o
  );
  assign out_valid = edit_valid && !sum_q && out_left_q != '0;

  logic to_c, to_d;
  assign to_c    = plain_pass_q && to_wire_q;
  assign vdevs_o = plain_pass_q ? plain_q : untagged_q;
  assign to_d    = vdevs_o != '0;
  assign c_word_valid_o = out_valid && to_c;
  assign d_word_valid_o = out_valid && to_d;
  assign c_commit_o     = state_q == Commit && to_c;
  assign d_commit_o     = state_q == Commit && to_d;
  assign tagged_o       = plain_pass_q && plain_tagged_q;
  assign hash_o         = frame.hash;

  // It says nothing of a frame whose checksum field is not where the sender had one written.
  logic checked;
  assign checked   = patch_q ? field[15:0] == frame.l4_field : frame.l4_csum;
  assign csum_ok_o = frame.l4 && checked && csum == '1;

  logic out_done;
  assign out_done = sum_q || out_left_q == 16'(out_valid);

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:    if (pick) state_d = !pick_wire && a_stale_i ? Free : Header;
      Header:  if (word_valid && in_left_q == 16'd1) state_d = Parse;
               else if (parser_full)                 state_d = Parse;
      Parse:   state_d = LookVlan;
      LookVlan: if (vlan_look_ready_i) state_d = LookDst;
      LookDst: state_d = LookSrc;
      LookSrc: state_d = Look;
      Look:    state_d = Decide;
      Decide: begin
        state_d = to_wire || (plain | untagged) != '0 ? Begin : Free;
        if (!decide) state_d = LookVlan;
      end
      Begin:   if (sum_q || !to_d || d_room_i) state_d = Pass;
      Pass:    if (word_valid && in_left_q == 16'd1) state_d = out_done ? Settle : Flush;
      Flush:   state_d = Settle;
      Settle:  if (!csum_busy) state_d = sum_q ? Begin : Commit;
      Commit:  state_d = plain_pass_q && untagged_q != '0 ? Begin : Free;
      Free:    state_d = Idle;
      default: state_d = Idle;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q        <= Idle;
      wire_q         <= 1'b0;
      last_wire_q    <= 1'b0;
      in_left_q      <= '0;
      out_left_q     <= '0;
      sum_q          <= 1'b0;
      plain_pass_q   <= 1'b0;
      to_wire_q      <= 1'b0;
      plain_q        <= '0;
      untagged_q     <= '0;
      edit_q         <= vqnic_pkg::TAG_KEEP;
      tci_q          <= '0;
      plain_tagged_q <= 1'b0;
      patch_q        <= 1'b0;
      csum_q         <= '0;
      position_q     <= '0;
    end else begin
      state_q <= state_d;
      unique case (state_q)
        Idle: begin
          if (pick) wire_q <= pick_wire;
          in_left_q <= words(pick_wire ? b_len_i : a_len_i);
        end
        Header: if (word_valid) in_left_q <= in_left_q - 16'd1;
        Decide: begin
          to_wire_q      <= to_wire;
          plain_q        <= plain;
          untagged_q     <= untagged;
          edit_q         <= !port_vlan ? vqnic_pkg::TAG_KEEP :
                            frame.has_tag ? vqnic_pkg::TAG_REPLACE : vqnic_pkg::TAG_INSERT;
          tci_q          <= port_tci;
          plain_tagged_q <= frame.has_tag || port_vlan;
          plain_pass_q   <= to_wire || plain != '0;
          patch_q        <= csum_asked;
          sum_q          <= csum_asked;
        end
        Begin: begin
          in_left_q  <= words(len);
          out_left_q <= words(len_o);
          position_q <= '0;
        end
        Pass: begin
          if (word_valid) begin
            in_left_q  <= in_left_q - 16'd1;
            position_q <= position_q + 16'(LaneCount);
          end
          if (out_valid) out_left_q <= out_left_q - 16'd1;
        end
        Settle: begin
          if (!csum_busy && sum_q) begin
            sum_q  <= 1'b0;
            csum_q <= csum == '1 ? '1 : ~csum;  // 0 stands for no checksum, in UDP
          end
        end
        Commit:  plain_pass_q <= 1'b0;
        Free:    last_wire_q <= wire_q;
        default: ;
      endcase
    end
  end

  assign idle_o = state_q == Idle && !a_valid_i && !b_valid_i;

endmodule

// SPDX-License-Identifier: Apache-2.0
//
// Buffer of whole frames: a frame is seen by the reader once it is committed, and may be dropped
// until then. The writer begins a frame only while `room_o` is high, and is then never held up. The
// reader may go through the oldest frame as often as it likes before it frees it.

module vqnic_frame_fifo #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned WORDS  = 512,  // a power of two
  parameter int unsigned ROOM   = 160,  // words of the longest frame
  parameter int unsigned FRAMES = 32,   // a power of two
  parameter int unsigned INFO_W = 16
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  output logic              room_o,
  input  logic              word_valid_i,
  input  logic [DATA_W-1:0] word_i,
  input  logic              commit_i,       // the words so far are a frame; not with word_valid_i
  input  logic [INFO_W-1:0] info_i,
  input  logic              drop_i,         // forget the words so far, and one that comes with it

  output logic              frame_valid_o,
  output logic [INFO_W-1:0] frame_info_o,
  input  logic              frame_rewind_i, // the next word is the frame's first
  input  logic              frame_free_i,   // on to the next frame
  output logic              word_valid_o,
  input  logic              word_ready_i,
  output logic [DATA_W-1:0] word_o,

  output logic              idle_o          // no word, committed or not
);

  localparam int unsigned PtrW = $clog2(WORDS);

  logic [DATA_W-1:0] mem [WORDS];

  // One bit more than the address, to tell full from empty.
  logic [PtrW:0] write_q;   // next word to be written
  logic [PtrW:0] commit_q;  // end of the committed frames
  logic [PtrW:0] base_q;    // start of the oldest frame
  logic [PtrW:0] read_q;    // next word to be fetched
  logic [PtrW:0] frame_end; // end of the oldest frame

  logic frames_full, frames_empty;
  vqnic_fifo #(
    .WIDTH(INFO_W + PtrW + 1),
    .DEPTH(FRAMES)
  ) u_frames (
    .clk_i,
    .rst_ni,
    .push_i (commit_i),
    .data_i ({info_i, write_q}),
    .full_o (frames_full),
    .pop_i  (frame_free_i),
    .data_o ({frame_info_o, frame_end}),
    .empty_o(frames_empty)
  );

  assign room_o        = write_q - base_q <= (PtrW + 1)'(WORDS - ROOM) && !frames_full;
  assign frame_valid_o = !frames_empty;

  logic fetch;
  assign fetch = frame_valid_o && read_q != frame_end && (!word_valid_o || word_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q      <= '0;
      commit_q     <= '0;
      base_q       <= '0;
      read_q       <= '0;
      word_valid_o <= 1'b0;
    end else begin
      if (drop_i)            write_q <= commit_q;
      else if (word_valid_i) write_q <= write_q + (PtrW + 1)'(1);
      if (commit_i)          commit_q <= write_q;

      if (frame_free_i) begin
        base_q       <= frame_end;
        read_q       <= frame_end;
        word_valid_o <= 1'b0;
      end else if (frame_rewind_i) begin
        read_q       <= base_q;
        word_valid_o <= 1'b0;
      end else begin
        if (fetch)             read_q <= read_q + (PtrW + 1)'(1);
        if (fetch)             word_valid_o <= 1'b1;
        else if (word_ready_i) word_valid_o <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (word_valid_i) mem[write_q[PtrW-1:0]] <= word_i;
    if (fetch)        word_o <= mem[read_q[PtrW-1:0]];
  end

  assign idle_o = write_q == base_q && frames_empty;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      no_overflow:      assert (!word_valid_i || write_q - base_q != (PtrW + 1)'(WORDS));
      commit_has_words: assert (!commit_i || write_q != commit_q);
      commit_alone:     assert (!commit_i || !word_valid_i);
      free_a_frame:     assert (!frame_free_i || frame_valid_o);
    end
  end
`endif

endmodule

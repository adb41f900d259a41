// SPDX-License-Identifier: Apache-2.0
//
// The counters of queues and vdevs, 64 bits each, in one memory. An event stands until it is taken;
// its few additions are done one after another. Sources take turns.
//
// After a reset the memory is cleared word by word; reads and events wait meanwhile.

module vqnic_stats #(
  parameter int unsigned N = 4,             // sources of events
  localparam int unsigned QueueW = vqnic_pkg::QUEUE_W,
  localparam int unsigned VdevW = vqnic_pkg::VDEV_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic [N-1:0]      event_valid_i,
  output logic [N-1:0]      event_ready_o,
  input  logic [N-1:0][vqnic_pkg::EVENT_W-1:0] event_i,  // an event_t each

  input  logic              clear_i,        // of a queue; stands until clear_done_o
  input  logic [QueueW-1:0] clear_queue_i,
  output logic              clear_done_o,

  input  logic              read_i,         // stands until read_done_o
  input  logic              read_of_vdev_i, // else of a queue
  input  logic [VdevW-1:0]  read_vdev_i,
  input  logic [QueueW-1:0] read_queue_i,
  input  logic [3:0]        read_idx_i,     // which of its counters
  output logic              read_done_o,
  output logic [63:0]       value_o,        // with read_done_o

  output logic              idle_o
);

  // A queue has four words, a vdev behind the queues sixteen.
  localparam int unsigned AddrW = QueueW + 3;
  localparam logic [AddrW-1:0] Last = AddrW'((4 << QueueW) + (16 << VdevW) - 1);

  function automatic logic [AddrW-1:0] queue_word(input logic [QueueW-1:0] queue,
                                                  input logic [1:0] idx);
    queue_word = {1'b0, queue, idx};
  endfunction
  function automatic logic [AddrW-1:0] vdev_word(input logic [VdevW-1:0] vdev,
                                                 input logic [3:0] idx);
    vdev_word = AddrW'(4 << QueueW) + AddrW'({vdev, idx});
  endfunction

  typedef enum logic [2:0] {
    Wipe,
    Idle,
    Fetch,   // the word of a step,
    Store,   // and write it back
    Clear,
    Answer
  } state_e;

  state_e            state_q;
  logic [2:0]        step_q;    // frames, bytes, drop: each of the vdev, then of the queue
  logic [AddrW-1:0]  wipe_q;
  vqnic_pkg::event_t event_q;

  logic [63:0] mem [1 << AddrW];
  logic [63:0] word_q;

  localparam int unsigned SourceW = N > 1 ? $clog2(N) : 1;
  logic               ask, take;
  logic [SourceW-1:0] source;
  vqnic_arbiter #(
    .N(N)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (event_valid_i),
    .valid_o(ask),
    .idx_o  (source),
    .done_i (take)
  );
  assign take = state_q == Idle && ask && !read_i && !clear_i;
  for (genvar i = 0; i < N; i++) begin : gen_ready
    assign event_ready_o[i] = take && source == SourceW'(i);
  end

  logic        used;            // the step adds something
  logic [15:0] amount;
  logic [3:0]  idx;
  always_comb begin
    unique case (step_q[2:1])
      2'd0: begin
        used   = event_q.frame;
        amount = 16'd1;
        idx    = event_q.frame_idx;
      end
      2'd1: begin
        used   = event_q.frame && event_q.bytes != '0;
        amount = event_q.bytes;
        idx    = event_q.bytes_idx;
      end
      default: begin
        used   = event_q.drops != '0;
        amount = {8'd0, event_q.drops};
        idx    = event_q.drop_idx;
      end
    endcase
    if (step_q[0] && !event_q.of_queue) used = 1'b0;
  end

  logic             fetch, write;
  logic [AddrW-1:0] step_addr, addr;
  assign step_addr = step_q[0] ? queue_word(event_q.number, step_q[2:1]) :
                                 vdev_word(event_q.vdev, idx);
  assign fetch = (state_q == Idle && read_i) || (state_q == Fetch && used);
  assign write = state_q == Wipe || state_q == Store || state_q == Clear;
  always_comb begin
    unique case (state_q)
      Wipe:    addr = wipe_q;
      Idle:    addr = read_of_vdev_i ? vdev_word(read_vdev_i, read_idx_i) :
                                       queue_word(read_queue_i, read_idx_i[1:0]);
      Clear:   addr = queue_word(clear_queue_i, step_q[1:0]);
      default: addr = step_addr;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (fetch) word_q <= mem[addr];
    if (write) mem[addr] <= state_q == Store ? word_q + {48'd0, amount} : '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Wipe;
      step_q  <= '0;
      wipe_q  <= '0;
      event_q <= '0;
    end else begin
      unique case (state_q)
        Wipe: begin
          wipe_q <= wipe_q + AddrW'(1);
          if (wipe_q == Last) state_q <= Idle;
        end
        Idle: begin
          step_q <= '0;
          if (read_i)       state_q <= Answer;
          else if (clear_i) state_q <= Clear;
          else if (take)    state_q <= Fetch;
          if (take) event_q <= event_i[source];
        end
        Fetch, Store: begin
          if (state_q == Fetch && used) begin
            state_q <= Store;
          end else begin
            step_q  <= step_q + 3'd1;
            state_q <= step_q == 3'd5 ? Idle : Fetch;
          end
        end
        Clear: begin
          step_q <= step_q + 3'd1;
          if (step_q == 3'd3) state_q <= Idle;
        end
        Answer:  state_q <= Idle;
        default: state_q <= Idle;
      endcase
    end
  end

  assign clear_done_o = state_q == Clear && step_q == 3'd3;
  assign read_done_o  = state_q == Answer;
  assign value_o      = read_done_o ? word_q : '0;
  assign idle_o       = state_q == Idle && !ask;

endmodule

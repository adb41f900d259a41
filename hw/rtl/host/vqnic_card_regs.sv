// SPDX-License-Identifier: Apache-2.0
//
// The register bank of the card.

module vqnic_card_regs #(
  parameter int unsigned DATA_W   = 512,
  parameter int unsigned VDEVS    = 2,
  parameter int unsigned CLOCK_HZ = 250000000
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        req_i,
  input  logic        we_i,
  input  logic [11:0] addr_i,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  wstrb_i,
  output logic [63:0] rdata_o,
  output logic        latched_o,

  input  logic        link_i,
  input  logic        fault_i,          // a queue stopped with a fault
  input  logic [VDEVS-1:0] commands_i,  // vdevs with a command that waits for an answer
  output logic        reset_o,          // asked for by software, until this module is reset itself
  input  logic        clearing_i,       // a reset is not over yet: tables are being cleared
  output logic        event_irq_o,
  output logic [15:0] event_vector_o,

  // One cycle for each frame; `_len_i` holds its bytes.
  input  logic        wire_rx_frame_i,
  input  logic [31:0] wire_rx_len_i,
  input  logic        wire_rx_drop_error_i,
  input  logic        wire_rx_drop_filter_i,
  input  logic        switched_i,
  input  logic        wire_tx_frame_i,
  input  logic [31:0] wire_tx_len_i,

  output logic        idle_o
);

  logic        reset_q;
  logic [15:0] event_vector_q;
  logic [2:0]  event_q, event_rise;
  logic [31:0] scratch_q;
  logic [63:0] cycles_q;
  logic        link_q, link_known_q;
  logic [VDEVS-1:0] commands_q;

  logic        write;
  logic [11:0] word;
  assign write = req_i && we_i;
  assign word  = {addr_i[11:2], 2'b00};

  logic [2:0] event_set, event_clear;
  always_comb begin
    event_set = '0;
    event_set[vqnic_regs_pkg::EVENT_LINK_LSB]  = link_known_q && link_i != link_q;
    event_set[vqnic_regs_pkg::EVENT_FAULT_LSB] = fault_i;
    event_set[vqnic_regs_pkg::EVENT_COMMAND_LSB] = (commands_i & ~commands_q) != '0;
    event_clear = write && word == vqnic_regs_pkg::REG_EVENT && wstrb_i[0] ? wdata_i[2:0] : '0;
  end
  assign event_rise  = event_set & ~(event_q & ~event_clear);
  assign event_irq_o = |event_rise;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      reset_q        <= 1'b0;
      event_vector_q <= 16'(vqnic_regs_pkg::NO_VECTOR);
      event_q        <= '0;
      scratch_q      <= '0;
      cycles_q       <= '0;
      link_q         <= 1'b0;
      link_known_q   <= 1'b0;
      commands_q     <= '0;
    end else begin
      cycles_q     <= cycles_q + 64'd1;
      link_q       <= link_i;
      link_known_q <= 1'b1;
      commands_q   <= commands_i;
      event_q      <= (event_q & ~event_clear) | event_set;
      if (write) begin
        unique case (word)
          vqnic_regs_pkg::REG_CARD_CONTROL:
            if (wstrb_i[0] && wdata_i[vqnic_regs_pkg::CARD_CONTROL_RESET_LSB]) reset_q <= 1'b1;
          vqnic_regs_pkg::REG_EVENT_VECTOR:
            event_vector_q <= vqnic_pkg::possible_vector(
                16'(vqnic_pkg::merge({16'd0, event_vector_q}, wdata_i, wstrb_i)));
          vqnic_regs_pkg::REG_SCRATCH:
            scratch_q <= vqnic_pkg::merge(scratch_q, wdata_i, wstrb_i);
          default: ;
        endcase
      end
    end
  end

  assign reset_o        = reset_q;
  assign event_vector_o = event_vector_q;

  localparam int unsigned Counters = 7;
  logic [63:0] counter;
  vqnic_counters #(
    .N(Counters)
  ) u_counters (
    .clk_i,
    .rst_ni,
    .count_i ({switched_i, wire_tx_frame_i, wire_tx_frame_i, wire_rx_drop_filter_i,
               wire_rx_drop_error_i, wire_rx_frame_i, wire_rx_frame_i}),
    .amount_i({32'd1, wire_tx_len_i, 32'd1, 32'd1, 32'd1, wire_rx_len_i, 32'd1}),
    .read_i  (req_i),
    .idx_i   (addr_i[5:3]),
    .value_o (counter)
  );

  always_comb begin
    rdata_o   = '0;
    latched_o = 1'b0;
    if (req_i) begin
      unique case ({addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_MAGIC:
          rdata_o = {16'(vqnic_regs_pkg::VERSION_MAJOR_VALUE),
                     16'(vqnic_regs_pkg::VERSION_MINOR_VALUE), vqnic_regs_pkg::MAGIC_VALUE};
        vqnic_regs_pkg::REG_VDEV_COUNT:
          rdata_o = {vqnic_regs_pkg::PAIRS, VDEVS};
        vqnic_regs_pkg::REG_VQ_SIZE_MAX:
          rdata_o = {vqnic_regs_pkg::MSIX_VECTOR_COUNT, vqnic_regs_pkg::VQ_SIZE_LIMIT};
        vqnic_regs_pkg::REG_VDEV_OFFSET:
          rdata_o = {vqnic_regs_pkg::VDEV_WINDOW_STRIDE, vqnic_regs_pkg::VDEV_WINDOW_OFFSET};
        vqnic_regs_pkg::REG_DOORBELL_STRIDE:
          rdata_o = {DATA_W, vqnic_regs_pkg::DOORBELL_BYTES};
        vqnic_regs_pkg::REG_CLOCK_HZ:
          rdata_o = {vqnic_regs_pkg::MTU_LIMIT_MAX, CLOCK_HZ};
        vqnic_regs_pkg::REG_CARD_CONTROL: begin
          rdata_o[vqnic_regs_pkg::CARD_CONTROL_RESET_LSB]    = reset_q || clearing_i;
          rdata_o[32 + vqnic_regs_pkg::CARD_STATUS_LINK_LSB] = link_i;
        end
        vqnic_regs_pkg::REG_EVENT_VECTOR:
          rdata_o = {29'd0, event_q, 16'd0, event_vector_q};
        vqnic_regs_pkg::REG_SCRATCH:
          rdata_o = {32'd0, scratch_q};
        vqnic_regs_pkg::REG_CYCLES: begin
          rdata_o   = cycles_q;
          latched_o = 1'b1;
        end
        vqnic_regs_pkg::REG_AS_COUNT:
          rdata_o = {vqnic_regs_pkg::AS_BANK_OFFSET, vqnic_regs_pkg::ADDRESS_SPACE_COUNT};
        vqnic_regs_pkg::REG_AS_STRIDE:
          rdata_o = {vqnic_regs_pkg::IOVA_BITS, vqnic_regs_pkg::AS_BANK_STRIDE};
        vqnic_regs_pkg::REG_COMMANDS:
          rdata_o = {vqnic_regs_pkg::FILTER_BANK_OFFSET, 32'(commands_i)};
        vqnic_regs_pkg::REG_MAC_SLOTS:
          rdata_o = {vqnic_regs_pkg::VDEV_PAIRS_LIMIT, 16'(vqnic_regs_pkg::MAC_WAYS),
                     16'(vqnic_regs_pkg::MAC_ROWS)};
        vqnic_regs_pkg::REG_WIRE_RX_FRAMES,
        vqnic_regs_pkg::REG_WIRE_RX_BYTES,
        vqnic_regs_pkg::REG_WIRE_RX_DROP_ERROR,
        vqnic_regs_pkg::REG_WIRE_RX_DROP_FILTER,
        vqnic_regs_pkg::REG_WIRE_TX_FRAMES,
        vqnic_regs_pkg::REG_WIRE_TX_BYTES,
        vqnic_regs_pkg::REG_SWITCH_FRAMES: begin
          rdata_o   = counter;
          latched_o = 1'b1;
        end
        default: ;
      endcase
    end
  end

  assign idle_o = !reset_q && link_known_q && link_i == link_q && commands_i == commands_q;

endmodule

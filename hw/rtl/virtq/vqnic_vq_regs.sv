// SPDX-License-Identifier: Apache-2.0
//
// The registers of one queue, and what the engines have to know of it.
//
// A queue runs when it is enabled, its vdev lets it (`vdev_runs_i`), it has no fault and no reset
// was asked for. A reset takes effect when nothing of the queue is in flight (`busy_i` low).

module vqnic_vq_regs #(
  parameter int unsigned INDEX = 0
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,       // back to the values after reset

  input  logic        req_i,
  input  logic        write_i,
  input  logic [11:0] addr_i,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  wstrb_i,
  output logic [63:0] rdata_o,

  input  logic        vdev_runs_i,
  input  logic [63:0] features_i,    // accepted
  input  logic [15:0] asid_i,
  output logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_o,  // a vq_ctx_t, as far as it is known here
  output logic [15:0] vector_o,

  input  logic        busy_i,        // an engine works for the queue, or an interrupt waits
  input  logic        rel_valid_i,   // an engine is done with the queue
  input  logic [vqnic_pkg::VQ_REL_W-1:0] rel_i,  // a vq_rel_t

  output logic        idle_o
);

  vqnic_pkg::vq_rel_t rel;
  assign rel = rel_i;

  logic        enable_q, reset_q;
  logic [10:0] size_q;
  logic [15:0] vector_q, avail_q, used_q;
  logic [63:4] desc_q;
  logic [63:1] driver_q;
  logic [63:2] device_q;
  logic [7:0]  fault_q;
  logic [63:0] info_q;

  function automatic logic valid_size(input logic [15:0] size);
    valid_size = size != '0 && (size & (size - 16'd1)) == '0 &&
        size <= 16'(vqnic_regs_pkg::VQ_SIZE_LIMIT);
  endfunction

  logic [11:0] word;
  logic [31:0] rword, wword;
  assign word  = {addr_i[11:2], 2'b00};
  assign rword = addr_i[2] ? rdata_o[63:32] : rdata_o[31:0];
  assign wword = vqnic_pkg::merge(rword, wdata_i, wstrb_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      enable_q <= 1'b0;
      reset_q  <= 1'b0;
      size_q   <= 11'(vqnic_regs_pkg::VQ_SIZE_LIMIT);
      vector_q <= 16'(vqnic_regs_pkg::NO_VECTOR);
      desc_q   <= '0;
      driver_q <= '0;
      device_q <= '0;
      avail_q  <= '0;
      used_q   <= '0;
      fault_q  <= vqnic_regs_pkg::FAULT_NONE;
      info_q   <= '0;
    end else if (clear_i || (reset_q && !busy_i)) begin
      enable_q <= 1'b0;
      reset_q  <= 1'b0;
      size_q   <= 11'(vqnic_regs_pkg::VQ_SIZE_LIMIT);
      vector_q <= 16'(vqnic_regs_pkg::NO_VECTOR);
      desc_q   <= '0;
      driver_q <= '0;
      device_q <= '0;
      avail_q  <= '0;
      used_q   <= '0;
      fault_q  <= vqnic_regs_pkg::FAULT_NONE;
      info_q   <= '0;
    end else begin
      if (rel_valid_i) begin
        avail_q <= rel.avail;
        used_q  <= rel.used;
        if (rel.fault) begin
          fault_q <= rel.fault_code;
          info_q  <= rel.fault_info;
        end
      end
      if (write_i) begin
        unique case (word)
          vqnic_regs_pkg::REG_QUEUE_SIZE: begin
            vector_q <= vqnic_pkg::possible_vector(wword[31:16]);
            if (!enable_q && valid_size(wword[15:0])) size_q <= wword[10:0];
          end
          vqnic_regs_pkg::REG_QUEUE_ENABLE:
            if (wstrb_i[0] && wdata_i[0]) enable_q <= 1'b1;
          vqnic_regs_pkg::REG_QUEUE_DESC:
            if (!enable_q) desc_q[31:4] <= wword[31:4];
          vqnic_regs_pkg::REG_QUEUE_DESC + 12'd4:
            if (!enable_q) desc_q[63:32] <= wword;
          vqnic_regs_pkg::REG_QUEUE_DRIVER:
            if (!enable_q) driver_q[31:1] <= wword[31:1];
          vqnic_regs_pkg::REG_QUEUE_DRIVER + 12'd4:
            if (!enable_q) driver_q[63:32] <= wword;
          vqnic_regs_pkg::REG_QUEUE_DEVICE:
            if (!enable_q) device_q[31:2] <= wword[31:2];
          vqnic_regs_pkg::REG_QUEUE_DEVICE + 12'd4:
            if (!enable_q) device_q[63:32] <= wword;
          vqnic_regs_pkg::REG_QUEUE_NOTIF_CONFIG_DATA:  // and QUEUE_RESET
            if (wstrb_i[2] && wdata_i[16]) reset_q <= 1'b1;
          vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE:        // and QUEUE_USED_STATE
            if (!enable_q) begin
              avail_q <= wword[15:0];
              used_q  <= wword[31:16];
            end
          default: ;
        endcase
      end
    end
  end

  always_comb begin
    rdata_o = '0;
    if (req_i) begin
      unique case ({addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_QUEUE_SIZE:
          rdata_o = {16'(INDEX), 15'd0, enable_q, vector_q, 5'd0, size_q};
        vqnic_regs_pkg::REG_QUEUE_DESC:   rdata_o = {desc_q, 4'd0};
        vqnic_regs_pkg::REG_QUEUE_DRIVER: rdata_o = {driver_q, 1'd0};
        vqnic_regs_pkg::REG_QUEUE_DEVICE: rdata_o = {device_q, 2'd0};
        vqnic_regs_pkg::REG_QUEUE_NOTIF_CONFIG_DATA:
          rdata_o[16] = reset_q;
        vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE: begin
          rdata_o[31:0] = {used_q, avail_q};
          rdata_o[32 + vqnic_regs_pkg::QUEUE_STATUS_BUSY_LSB] = busy_i;
        end
        vqnic_regs_pkg::REG_QUEUE_FAULT:      rdata_o = {56'd0, fault_q};
        vqnic_regs_pkg::REG_QUEUE_FAULT_INFO: rdata_o = info_q;
        default: ;
      endcase
    end
  end

  vqnic_pkg::vq_ctx_t ctx;
  always_comb begin
    ctx            = '0;
    ctx.run        = enable_q && vdev_runs_i && !reset_q &&
                     fault_q == vqnic_regs_pkg::FAULT_NONE;
    ctx.event_idx  = features_i[vqnic_pkg::F_RING_EVENT_IDX];
    ctx.mrg_rxbuf  = features_i[vqnic_pkg::F_NET_MRG_RXBUF];
    ctx.indirect   = features_i[vqnic_pkg::F_RING_INDIRECT_DESC];
    ctx.csum       = features_i[vqnic_pkg::F_NET_CSUM];
    ctx.guest_csum = features_i[vqnic_pkg::F_NET_GUEST_CSUM];
    ctx.size       = size_q;
    ctx.asid       = asid_i;
    ctx.desc       = {desc_q, 4'd0};
    ctx.driver     = {driver_q, 1'd0};
    ctx.device     = {device_q, 2'd0};
    ctx.avail      = avail_q;
    ctx.used       = used_q;
  end

  assign ctx_o    = ctx;
  assign vector_o = vector_q;
  assign idle_o   = !reset_q;

endmodule

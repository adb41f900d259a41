// SPDX-License-Identifier: Apache-2.0
//
// The register banks of the address spaces, one after another.
//
// The root that the walker uses changes as a whole, with the write of the low word.

module vqnic_as_regs #(
  localparam int unsigned AsidW  = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned Spaces = vqnic_regs_pkg::ADDRESS_SPACE_COUNT,
  localparam int unsigned FrameW = vqnic_pkg::FRAME_W,
  localparam int unsigned BankW  = $clog2(vqnic_regs_pkg::AS_BANK_STRIDE),
  localparam int unsigned BanksW = BankW + AsidW
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              req_i,
  input  logic              we_i,
  input  logic [BanksW-1:0] addr_i,          // from the first bank's start
  input  logic [31:0]       wdata_i,
  input  logic [3:0]        wstrb_i,
  output logic [63:0]       rdata_o,

  input  logic [AsidW-1:0]  root_asid_i,
  output logic              root_valid_o,    // of root_asid_i
  output logic [FrameW-1:0] root_o,
  output logic              invalidate_o,    // one cycle
  output logic [AsidW-1:0]  invalidate_asid_o,
  input  logic [Spaces-1:0] invalidating_i
);

  // Bits 51:32 as last written; bits 51:12 and 0 as the walker uses them.
  logic [Spaces-1:0][19:0]       high_q;
  logic [Spaces-1:0][FrameW-1:0] root_q;
  logic [Spaces-1:0]             valid_q;

  logic [AsidW-1:0] asid;
  logic [11:0]      word;
  logic [31:0]      low, high, wword;
  assign asid = addr_i[BanksW-1:BankW];
  assign word = 12'({addr_i[BankW-1:2], 2'b00});

  always_comb begin
    rdata_o = '0;
    low     = '0;
    high    = '0;
    if (req_i) begin
      low  = {root_q[asid][19:0], 11'd0, valid_q[asid]};
      high = {12'd0, high_q[asid]};
      if (word[BankW-1:3] == '0) rdata_o = {high, low};
      else rdata_o[vqnic_regs_pkg::AS_INVALIDATE_BUSY_LSB] = invalidating_i[asid];
    end
  end
  assign wword = vqnic_pkg::merge(addr_i[2] ? high : low, wdata_i, wstrb_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      high_q  <= '0;
      root_q  <= '0;
      valid_q <= '0;
    end else if (req_i && we_i) begin
      unique case (word)
        vqnic_regs_pkg::REG_AS_ROOT: begin
          root_q[asid]  <= {high_q[asid], wword[31:12]};
          valid_q[asid] <= wword[0];
        end
        vqnic_regs_pkg::REG_AS_ROOT + 12'd4: high_q[asid] <= wword[19:0];
        default: ;
      endcase
    end
  end

  assign root_valid_o      = valid_q[root_asid_i];
  assign root_o            = root_q[root_asid_i];
  assign invalidate_asid_o = asid;
  assign invalidate_o      = req_i && we_i && word == vqnic_regs_pkg::REG_AS_INVALIDATE &&
                             wstrb_i[0] && wdata_i[vqnic_regs_pkg::AS_INVALIDATE_BUSY_LSB];

endmodule

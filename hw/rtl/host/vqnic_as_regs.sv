// SPDX-License-Identifier: Apache-2.0
//
// The register banks of the address spaces, one after another.
//
// The root that the walker uses, and the log that vqnic_dirty_log uses, change as a whole, with the
// write of the low word.

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
  input  logic [Spaces-1:0] invalidating_i,

  output logic [Spaces-1:0] logging_o,       // there is a log
  input  logic [AsidW-1:0]  log_asid_i,
  output logic [60:0]       log_o,           // of log_asid_i: bits 63:3 of its bus address
  output logic [31:0]       log_pages_o,
  output logic              forget_o,        // one cycle: what was logged is to be logged again
  output logic [AsidW-1:0]  forget_asid_o
);

  // Bits 51:32 as last written; bits 51:12 and 0 as the walker uses them.
  logic [Spaces-1:0][19:0]       high_q;
  logic [Spaces-1:0][FrameW-1:0] root_q;
  logic [Spaces-1:0]             valid_q;

  // The log's bits 63:32 as last written; bits 63:3 and 0, and its bytes, as they are used. Of the
  // RAMs counts what was written since the reset.
  logic [31:0]       log_high_mem [Spaces];
  logic [60:0]       log_mem [Spaces];
  logic [31:0]       pages_mem [Spaces];
  logic [Spaces-1:0] log_high_set_q, log_set_q, pages_set_q, logging_q;

  logic [AsidW-1:0] asid;
  logic [11:0]      word;
  logic [31:0]      wword;
  assign asid = addr_i[BanksW-1:BankW];
  assign word = 12'({addr_i[BankW-1:2], 2'b00});

  // Registers of 64 bits, or two of 32.
  localparam logic [BankW-4:0] Log   = (BankW - 3)'(vqnic_regs_pkg::REG_AS_LOG >> 3);
  localparam logic [BankW-4:0] Pages = (BankW - 3)'(vqnic_regs_pkg::REG_AS_LOG_PAGES >> 3);
  localparam logic [BankW-4:0] Root  = (BankW - 3)'(vqnic_regs_pkg::REG_AS_ROOT >> 3);

  logic [31:0] log_high;
  assign log_high = log_high_set_q[asid] ? log_high_mem[asid] : '0;

  always_comb begin
    rdata_o = '0;
    if (req_i) begin
      unique case (addr_i[BankW-1:3])
        Root: rdata_o = {12'd0, high_q[asid], root_q[asid][19:0], 11'd0, valid_q[asid]};
        Log: begin
          rdata_o[63:32] = log_high;
          rdata_o[31:3]  = log_set_q[asid] ? log_mem[asid][28:0] : '0;
          rdata_o[0]     = logging_q[asid];
        end
        Pages:   rdata_o[31:0] = pages_set_q[asid] ? pages_mem[asid] : '0;
        default: rdata_o[vqnic_regs_pkg::AS_INVALIDATE_BUSY_LSB] = invalidating_i[asid];
      endcase
    end
  end
  assign wword = vqnic_pkg::merge(addr_i[2] ? rdata_o[63:32] : rdata_o[31:0], wdata_i, wstrb_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      high_q         <= '0;
      root_q         <= '0;
      valid_q        <= '0;
      logging_q      <= '0;
      log_high_set_q <= '0;
      log_set_q      <= '0;
      pages_set_q    <= '0;
    end else if (req_i && we_i) begin
      unique case (word)
        vqnic_regs_pkg::REG_AS_ROOT: begin
          root_q[asid]  <= {high_q[asid], wword[31:12]};
          valid_q[asid] <= wword[0];
        end
        vqnic_regs_pkg::REG_AS_ROOT + 12'd4: high_q[asid] <= wword[19:0];
        vqnic_regs_pkg::REG_AS_LOG: begin
          log_set_q[asid] <= 1'b1;
          logging_q[asid] <= wword[0];
        end
        vqnic_regs_pkg::REG_AS_LOG + 12'd4:  log_high_set_q[asid] <= 1'b1;
        vqnic_regs_pkg::REG_AS_LOG_PAGES:    pages_set_q[asid] <= 1'b1;
        default: ;
      endcase
    end
  end

  logic log_we, log_high_we, pages_we;
  assign log_we      = req_i && we_i && word == vqnic_regs_pkg::REG_AS_LOG;
  assign log_high_we = req_i && we_i && word == vqnic_regs_pkg::REG_AS_LOG + 12'd4;
  assign pages_we    = req_i && we_i && word == vqnic_regs_pkg::REG_AS_LOG_PAGES;
  always_ff @(posedge clk_i) begin
    if (log_we)      log_mem[asid]      <= {log_high, wword[31:3]};
    if (log_high_we) log_high_mem[asid] <= wword;
    if (pages_we)    pages_mem[asid]    <= wword;
  end

  assign logging_o     = logging_q;
  assign log_o         = log_mem[log_asid_i];
  assign log_pages_o   = pages_set_q[log_asid_i] ? pages_mem[log_asid_i] : '0;
  assign forget_o      = log_we || invalidate_o;
  assign forget_asid_o = asid;

  assign root_valid_o      = valid_q[root_asid_i];
  assign root_o            = root_q[root_asid_i];
  assign invalidate_asid_o = asid;
  assign invalidate_o      = req_i && we_i && word == vqnic_regs_pkg::REG_AS_INVALIDATE &&
                             wstrb_i[0] && wdata_i[vqnic_regs_pkg::AS_INVALIDATE_BUSY_LSB];

endmodule

// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite slave of BAR0 to a register bus: `req_o` is high until `ready_i`, and for a read
// `rdata_i` is taken in that cycle. The bus is 64 bit wide to the reader, so that a read of the low
// word of a latched register keeps the high word for the read that follows. One access at a time;
// reads and writes take turns.

module vqnic_axil (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic [17:0] s_axil_awaddr_i,
  input  logic        s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  logic [31:0] s_axil_wdata_i,
  input  logic [3:0]  s_axil_wstrb_i,
  input  logic        s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  output logic [1:0]  s_axil_bresp_o,
  output logic        s_axil_bvalid_o,
  input  logic        s_axil_bready_i,
  input  logic [17:0] s_axil_araddr_i,
  input  logic        s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  output logic [31:0] s_axil_rdata_o,
  output logic [1:0]  s_axil_rresp_o,
  output logic        s_axil_rvalid_o,
  input  logic        s_axil_rready_i,

  output logic        req_o,
  output logic        we_o,
  output logic [17:0] addr_o,     // of a word
  output logic [31:0] wdata_o,
  output logic [3:0]  wstrb_o,
  input  logic        ready_i,
  input  logic [63:0] rdata_i,    // the aligned 64 bits in which addr_o lies
  input  logic        latched_i,  // they are one register that is to be read whole

  output logic        idle_o
);

  typedef enum logic [1:0] {Idle, Access, WriteResponse, ReadResponse} state_e;

  state_e      state_q;
  logic        we_q, write_first_q;
  logic [17:2] addr_q;
  logic [31:0] data_q;
  logic [3:0]  strb_q;

  logic [17:3] latch_addr_q;
  logic [31:0] latch_q;
  logic        latch_valid_q;

  logic write_ask, write_go, read_go;
  assign write_ask = s_axil_awvalid_i && s_axil_wvalid_i;
  assign write_go  = state_q == Idle && write_ask && (write_first_q || !s_axil_arvalid_i);
  assign read_go   = state_q == Idle && s_axil_arvalid_i && !write_go;

  logic latch_hit;
  assign latch_hit = latch_valid_q && addr_q[2] && addr_q[17:3] == latch_addr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q       <= Idle;
      we_q          <= 1'b0;
      write_first_q <= 1'b1;
      addr_q        <= '0;
      data_q        <= '0;
      strb_q        <= '0;
      latch_addr_q  <= '0;
      latch_q       <= '0;
      latch_valid_q <= 1'b0;
    end else begin
      unique case (state_q)
        Idle: begin
          if (write_go) begin
            we_q          <= 1'b1;
            write_first_q <= 1'b0;
            addr_q        <= s_axil_awaddr_i[17:2];
            data_q        <= s_axil_wdata_i;
            strb_q        <= s_axil_wstrb_i;
            state_q       <= Access;
          end else if (read_go) begin
            we_q          <= 1'b0;
            write_first_q <= 1'b1;
            addr_q        <= s_axil_araddr_i[17:2];
            state_q       <= Access;
          end
        end
        Access: begin
          if (ready_i && !we_q) begin
            data_q <= latch_hit ? latch_q : addr_q[2] ? rdata_i[63:32] : rdata_i[31:0];
            if (latched_i && !addr_q[2]) begin
              latch_q       <= rdata_i[63:32];
              latch_addr_q  <= addr_q[17:3];
              latch_valid_q <= 1'b1;
            end else if (latch_hit) begin
              latch_valid_q <= 1'b0;
            end
          end
          if (ready_i) state_q <= we_q ? WriteResponse : ReadResponse;
        end
        WriteResponse: if (s_axil_bready_i) state_q <= Idle;
        ReadResponse:  if (s_axil_rready_i) state_q <= Idle;
        default:       state_q <= Idle;
      endcase
    end
  end

  assign s_axil_awready_o = write_go;
  assign s_axil_wready_o  = write_go;
  assign s_axil_arready_o = read_go;
  assign s_axil_bvalid_o  = state_q == WriteResponse;
  assign s_axil_bresp_o   = 2'b00;
  assign s_axil_rvalid_o  = state_q == ReadResponse;
  assign s_axil_rresp_o   = 2'b00;
  assign s_axil_rdata_o   = data_q;

  assign req_o   = state_q == Access;
  assign we_o    = we_q;
  assign addr_o  = {addr_q, 2'b00};
  assign wdata_o = data_q;
  assign wstrb_o = strb_q;

  assign idle_o = state_q == Idle && !s_axil_awvalid_i && !s_axil_wvalid_i && !s_axil_arvalid_i;

endmodule

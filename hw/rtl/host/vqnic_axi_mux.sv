// SPDX-License-Identifier: Apache-2.0
//
// One AXI4 master port for clients that read and clients that write. A client's number is its AXI
// ID. Write data follows the order of the write addresses: a client that was given the port
// keeps it until its burst's last beat.

module vqnic_axi_mux #(
  parameter int unsigned DATA_W  = 512,
  parameter int unsigned ID_W    = 8,
  parameter int unsigned READERS = 2,
  parameter int unsigned WRITERS = 2,
  localparam int unsigned LaneCount = DATA_W / 8
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,

  input  logic [READERS-1:0]                      ar_valid_i,
  output logic [READERS-1:0]                      ar_ready_o,
  input  logic [READERS-1:0][63:0]                ar_addr_i,
  input  logic [READERS-1:0][7:0]                 ar_len_i,
  input  logic [READERS-1:0][2:0]                 ar_size_i,
  output logic [READERS-1:0]                      r_valid_o,
  output logic [DATA_W-1:0]                       r_data_o,
  output logic                                    r_error_o,
  input  logic [WRITERS-1:0]                      aw_valid_i,
  output logic [WRITERS-1:0]                      aw_ready_o,
  input  logic [WRITERS-1:0][63:0]                aw_addr_i,
  input  logic [WRITERS-1:0][7:0]                 aw_len_i,
  input  logic [WRITERS-1:0]                      w_valid_i,
  output logic [WRITERS-1:0]                      w_ready_o,
  input  logic [WRITERS-1:0][DATA_W-1:0]          w_data_i,
  input  logic [WRITERS-1:0][LaneCount-1:0]       w_strb_i,
  input  logic [WRITERS-1:0]                      w_last_i,
  output logic [WRITERS-1:0]                      b_valid_o,
  output logic                                    b_error_o,

  output logic [ID_W-1:0]      m_axi_awid_o,
  output logic [63:0]          m_axi_awaddr_o,
  output logic [7:0]           m_axi_awlen_o,
  output logic [2:0]           m_axi_awsize_o,
  output logic [1:0]           m_axi_awburst_o,
  output logic                 m_axi_awvalid_o,
  input  logic                 m_axi_awready_i,
  output logic [DATA_W-1:0]    m_axi_wdata_o,
  output logic [LaneCount-1:0] m_axi_wstrb_o,
  output logic                 m_axi_wlast_o,
  output logic                 m_axi_wvalid_o,
  input  logic                 m_axi_wready_i,
  input  logic [ID_W-1:0]      m_axi_bid_i,
  input  logic [1:0]           m_axi_bresp_i,
  input  logic                 m_axi_bvalid_i,
  output logic                 m_axi_bready_o,
  output logic [ID_W-1:0]      m_axi_arid_o,
  output logic [63:0]          m_axi_araddr_o,
  output logic [7:0]           m_axi_arlen_o,
  output logic [2:0]           m_axi_arsize_o,
  output logic [1:0]           m_axi_arburst_o,
  output logic                 m_axi_arvalid_o,
  input  logic                 m_axi_arready_i,
  input  logic [ID_W-1:0]      m_axi_rid_i,
  input  logic [DATA_W-1:0]    m_axi_rdata_i,
  input  logic [1:0]           m_axi_rresp_i,
  input  logic                 m_axi_rvalid_i,
  output logic                 m_axi_rready_o
);

  localparam int unsigned RdIdxW = READERS > 1 ? $clog2(READERS) : 1;
  localparam int unsigned WrIdxW = WRITERS > 1 ? $clog2(WRITERS) : 1;
  localparam logic [1:0] BurstIncr = 2'b01;

  // Reads.
  logic              ar_valid;
  logic [RdIdxW-1:0] ar_idx;
  vqnic_arbiter #(
    .N(READERS)
  ) u_ar_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (ar_valid_i),
    .valid_o(ar_valid),
    .idx_o  (ar_idx),
    .done_i (ar_valid && m_axi_arready_i)
  );

  assign m_axi_arvalid_o = ar_valid;
  assign m_axi_arid_o    = ID_W'(ar_idx);
  assign m_axi_araddr_o  = ar_addr_i[ar_idx];
  assign m_axi_arlen_o   = ar_len_i[ar_idx];
  assign m_axi_arsize_o  = ar_size_i[ar_idx];
  assign m_axi_arburst_o = BurstIncr;

  assign r_data_o  = m_axi_rdata_i;
  assign r_error_o = m_axi_rresp_i[1];

  // Writes: address and data of one burst, in either order.
  logic               aw_pending, aw_done_q, w_done_q, aw_take, w_take, burst_done;
  logic [WRITERS-1:0] aw_asking;
  logic [WrIdxW-1:0]  w_idx;
  vqnic_arbiter #(
    .N(WRITERS)
  ) u_aw_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (aw_asking),
    .valid_o(aw_pending),
    .idx_o  (w_idx),
    .done_i (burst_done)
  );

  assign m_axi_awvalid_o = aw_pending && !aw_done_q;
  assign m_axi_awid_o    = ID_W'(w_idx);
  assign m_axi_awaddr_o  = aw_addr_i[w_idx];
  assign m_axi_awlen_o   = aw_len_i[w_idx];
  assign m_axi_awsize_o  = 3'($clog2(LaneCount));
  assign m_axi_awburst_o = BurstIncr;
  assign m_axi_wvalid_o  = aw_pending && !w_done_q && w_valid_i[w_idx];
  assign m_axi_wdata_o   = w_data_i[w_idx];
  assign m_axi_wstrb_o   = w_strb_i[w_idx];
  assign m_axi_wlast_o   = w_last_i[w_idx];

  assign aw_take    = m_axi_awvalid_o && m_axi_awready_i;
  assign w_take     = m_axi_wvalid_o && m_axi_wready_i && m_axi_wlast_o;
  assign burst_done = aw_pending && (aw_done_q || aw_take) && (w_done_q || w_take);

  // The client drops its request once the address is taken; the port is its own until the data has
  // followed.
  logic [WRITERS-1:0] owner_q;
  assign aw_asking = aw_done_q ? owner_q : aw_valid_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_done_q <= 1'b0;
      w_done_q  <= 1'b0;
      owner_q   <= '0;
    end else begin
      aw_done_q <= !burst_done && (aw_done_q || aw_take);
      w_done_q  <= !burst_done && (w_done_q || w_take);
      if (aw_take) owner_q <= WRITERS'(1) << w_idx;
    end
  end

  always_comb begin
    for (int unsigned i = 0; i < READERS; i++) begin
      ar_ready_o[i] = ar_valid && ar_idx == RdIdxW'(i) && m_axi_arready_i;
      r_valid_o[i]  = m_axi_rvalid_i && m_axi_rid_i == ID_W'(i);
    end
    for (int unsigned i = 0; i < WRITERS; i++) begin
      aw_ready_o[i] = aw_take && w_idx == WrIdxW'(i);
      w_ready_o[i]  = aw_pending && !w_done_q && w_idx == WrIdxW'(i) && m_axi_wready_i;
      b_valid_o[i]  = m_axi_bvalid_i && m_axi_bid_i == ID_W'(i);
    end
  end

  assign b_error_o      = m_axi_bresp_i[1];
  assign m_axi_rready_o = 1'b1;
  assign m_axi_bready_o = 1'b1;

endmodule

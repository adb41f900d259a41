// SPDX-License-Identifier: Apache-2.0
//
// Looks at the first bytes of a frame: addresses, tag, flow, and where a checksum can be verified.
//
// What it does not understand it calls no TCP or UDP: fragments, IPv6 extension headers, a second
// tag, lengths that contradict one another. Bytes beyond the frame's end may be anything.

module vqnic_parser #(
  parameter int unsigned DATA_W = 512
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  // The words of one frame from its first on; as many as there are, or more, until full_o.
  input  logic              start_i,
  input  logic              word_valid_i,
  input  logic [DATA_W-1:0] word_i,
  output logic              full_o,

  input  logic [15:0]       len_i,
  output logic [vqnic_pkg::FRAME_T_W-1:0] frame_o  // frame_t, two cycles after the last word
);

  // Ethernet, tag, the longest IPv4 header and that of UDP.
  localparam int unsigned HdrBytes = 128;
  localparam int unsigned LaneCount = DATA_W / 8;
  localparam int unsigned Words = HdrBytes / LaneCount;
  localparam int unsigned CountW = $clog2(Words + 1);

  localparam logic [15:0] TypeIpv4 = 16'h0800;
  localparam logic [15:0] TypeIpv6 = 16'h86dd;
  localparam logic [7:0]  ProtoTcp = 8'd6;
  localparam logic [7:0]  ProtoUdp = 8'd17;
  localparam logic [15:0] TcpBytes = 16'd20;
  localparam logic [15:0] UdpBytes = 16'd8;
  localparam int unsigned TcpField = 16;  // of the checksum
  localparam int unsigned UdpField = 6;

  logic [HdrBytes*8-1:0] hdr_q;
  logic [CountW-1:0]     count_q;
  assign full_o = count_q == CountW'(Words);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                       count_q <= '0;
    else if (start_i)                  count_q <= '0;
    else if (word_valid_i && !full_o)  count_q <= count_q + CountW'(1);
  end
  for (genvar i = 0; i < Words; i++) begin : gen_word
    always_ff @(posedge clk_i) begin
      if (word_valid_i && count_q == CountW'(i)) hdr_q[i*DATA_W +: DATA_W] <= word_i;
    end
  end

  // Bytes as they lie on the wire, the first one in front.
  function automatic logic [15:0] half(input logic [15:0] bytes);
    half = {bytes[7:0], bytes[15:8]};
  endfunction

  // Sum of the 16-bit words of an address.
  function automatic logic [31:0] words(input logic [127:0] address);
    words = '0;
    for (int unsigned i = 0; i < 8; i++) words = words + {16'd0, half(address[i*16 +: 16])};
  endfunction

  // CRC-32, polynomial 0x04c11db7, of the addresses, ports and protocol of a flow.
  function automatic logic [31:0] crc(input logic [151:0] bytes);
    crc = '1;
    for (int unsigned i = 0; i < 19; i++) begin
      crc = crc ^ {bytes[i*8 +: 8], 24'd0};
      for (int unsigned k = 0; k < 8; k++) crc = {crc[30:0], 1'b0} ^ (crc[31] ? 32'h04c11db7 : '0);
    end
  endfunction

  // Layer 2. Behind a tag everything lies four bytes later.
  vqnic_pkg::frame_t frame, frame_q;
  logic [47:0]       dst, src;
  logic [15:0]       type_outer, ether_type, l3_start, l3_bytes;
  logic              has_type, has_tag;
  logic [HdrBytes*8-1-14*8:0] l3;
  assign dst        = hdr_q[47:0];
  assign src        = hdr_q[95:48];
  assign type_outer = half(hdr_q[12*8 +: 16]);
  assign has_type   = type_outer == vqnic_pkg::TYPE_VLAN;
  assign has_tag     = has_type && len_i >= 16'd18;
  assign ether_type = has_tag ? half(hdr_q[16*8 +: 16]) : type_outer;
  assign l3_start   = has_tag ? 16'd18 : 16'd14;
  assign l3         = has_tag ? {32'd0, hdr_q[HdrBytes*8-1:18*8]} : hdr_q[HdrBytes*8-1:14*8];
  assign l3_bytes   = len_i - l3_start;

  // Layer 3.
  logic        ipv4, ipv6, fragment;
  logic [15:0] ipv4_total, ipv6_payload, ipv4_hdr;
  assign ipv4_hdr     = {10'd0, l3[3:0], 2'b00};
  assign ipv4_total   = half(l3[2*8 +: 16]);
  assign ipv6_payload = half(l3[4*8 +: 16]);
  assign ipv4 = ether_type == TypeIpv4 && l3_bytes >= 16'd20 && l3[7:4] == 4'd4 &&
                ipv4_hdr >= 16'd20 && ipv4_total >= ipv4_hdr && ipv4_total <= l3_bytes;
  assign ipv6 = ether_type == TypeIpv6 && l3_bytes >= 16'd40 && l3[7:4] == 4'd6 &&
                ipv6_payload <= l3_bytes - 16'd40;
  assign fragment = ipv4 && (half(l3[6*8 +: 16]) & 16'h3fff) != '0;

  logic [127:0] addr_src, addr_dst;
  assign addr_src = ipv6 ? l3[8*8 +: 128]  : {l3[12*8 +: 32], 96'd0};
  assign addr_dst = ipv6 ? l3[24*8 +: 128] : {l3[16*8 +: 32], 96'd0};

  // Layer 4.
  logic [15:0] l4_offset, l4_bytes, l4_start;
  logic [7:0]  proto;
  logic [63:0] l4_hdr;
  logic        tcp, udp;
  assign l4_offset = ipv6 ? 16'd40 : ipv4_hdr;
  assign l4_start  = l3_start + l4_offset;
  assign l4_bytes  = ipv6 ? ipv6_payload : ipv4_total - ipv4_hdr;
  assign proto     = ipv6 ? l3[6*8 +: 8] : l3[9*8 +: 8];
  assign l4_hdr    = 64'(l3 >> {l4_offset[5:2], 5'd0});
  assign tcp = (ipv4 || ipv6) && !fragment && proto == ProtoTcp && l4_bytes >= TcpBytes;
  assign udp = (ipv4 || ipv6) && !fragment && proto == ProtoUdp && l4_bytes >= UdpBytes;

  // Of both endpoints the same bits, so that their order does not matter.
  logic [127:0] flow_addr;
  logic [15:0]  flow_ports;
  logic [7:0]   flow_proto;
  always_comb begin
    flow_addr  = {dst ^ src, 80'd0};
    flow_ports = '0;
    flow_proto = '0;
    if (ipv4 || ipv6) flow_addr = addr_src ^ addr_dst;
    if (tcp || udp) begin
      flow_ports = l4_hdr[15:0] ^ l4_hdr[31:16];
      flow_proto = proto;
    end
  end

  always_comb begin
    frame.dst       = dst;
    frame.src       = src;
    frame.has_tag    = has_tag;
    frame.cut       = has_type && len_i < 16'd18;
    frame.tci       = half(hdr_q[14*8 +: 16]);
    frame.hash      = crc({flow_proto, flow_ports, flow_addr});
    frame.l4        = tcp || (udp && half(l4_hdr[4*8 +: 16]) == l4_bytes);
    frame.l4_csum   = !udp || l4_hdr[UdpField*8 +: 16] != '0;
    frame.l4_start  = l4_start;
    frame.l4_end    = l4_start + l4_bytes;
    frame.l4_field  = l4_start + (tcp ? 16'(TcpField) : 16'(UdpField));
    frame.l4_pseudo = vqnic_pkg::fold(words(addr_src) + words(addr_dst) +
                                      {24'd0, proto} + {16'd0, l4_bytes});
  end

  always_ff @(posedge clk_i) frame_q <= frame;
  assign frame_o = frame_q;

endmodule

// SPDX-License-Identifier: Apache-2.0
//
// Decides whom a frame is for, as docs/switch.md says. Combinational.

module vqnic_forward #(
  parameter int unsigned VDEVS = 2,
  localparam int unsigned VlanW = $clog2(vqnic_regs_pkg::VLANS),
  localparam int unsigned VdevW = VDEVS > 1 ? $clog2(VDEVS) : 1
) (
  input  logic [VDEVS-1:0]       enable_i,
  input  logic [VDEVS-1:0][8:0]  rx_mode_i,      // VDEV_RX_MODE
  input  logic [VDEVS-1:0][31:0] policy_i,       // VDEV_POLICY

  input  logic                   from_wire_i,
  input  logic [VdevW-1:0]       vdev_i,         // who sent it, if not from the wire
  input  logic [15:0]            len_i,
  input  logic [47:0]            dst_i,
  input  logic                   src_group_i,    // its source is no address of a station
  input  logic                   tagged_i,
  input  logic                   cut_i,          // ends inside of a tag
  input  logic [VlanW-1:0]       tag_vlan_i,     // its tag's VLAN ID
  output logic [VlanW-1:0]       vlan_o,         // the VLAN that it is in; needs only what is above
  input  logic [VlanW-1:0]       vlan_i,         // vlan_o, for all that is below
  input  logic [VDEVS-1:0]       dst_vdevs_i,    // of the MAC table
  input  logic [VDEVS-1:0]       src_vdevs_i,
  input  logic [VDEVS-1:0]       vlan_rx_i,      // of the VLAN table, for vlan_i
  input  logic [VDEVS-1:0]       vlan_tx_i,

  output logic                   wire_o,         // it goes to the wire,
  output logic [VDEVS-1:0]       plain_o,        // to these vdevs in the same form,
  output logic [VDEVS-1:0]       untagged_o,     // and to these without a tag
  output logic                   port_vlan_o,    // it gets the port's tag,
  output logic [15:0]            port_tci_o,     // this one
  output logic                   drop_filter_o,  // from the wire for nobody
  output logic [VDEVS-1:0]       rx_drop_vlan_o,
  output logic                   sent_o,         // by a vdev, or not:
  output logic [VDEVS-1:0]       tx_drop_spoof_o,
  output logic [VDEVS-1:0]       tx_drop_vlan_o
);

  localparam int unsigned PvidLsb = vqnic_regs_pkg::VDEV_POLICY_PVID_LSB;
  localparam int unsigned PcpLsb  = vqnic_regs_pkg::VDEV_POLICY_PCP_LSB;
  localparam logic [16:0] LenMax  = 17'(vqnic_regs_pkg::FRAME_BYTES_MAX);
  localparam logic [16:0] TagLen  = 17'(vqnic_pkg::TAG_BYTES);

  // The sender.
  logic [31:0]      policy;
  logic [VDEVS-1:0] sender;
  logic             spoof, vlan_refused, sent;
  assign policy     = policy_i[vdev_i];
  assign sender     = from_wire_i ? '0 : VDEVS'(1) << vdev_i;
  assign port_tci_o = {policy[PcpLsb +: 3], 1'b0, policy[PvidLsb +: VlanW]};
  always_comb begin
    port_vlan_o  = 1'b0;
    vlan_o       = tagged_i ? tag_vlan_i : '0;
    spoof        = 1'b0;
    vlan_refused = 1'b0;
    if (!from_wire_i) begin
      port_vlan_o = policy[vqnic_regs_pkg::VDEV_POLICY_PORT_VLAN_LSB];
      if (port_vlan_o) vlan_o = policy[PvidLsb +: VlanW];
      spoof = policy[vqnic_regs_pkg::VDEV_POLICY_SPOOF_CHECK_LSB] &&
              (src_group_i || !src_vdevs_i[vdev_i]);
      if (port_vlan_o) begin
        vlan_refused = tagged_i ? tag_vlan_i != '0 : {1'b0, len_i} + TagLen > LenMax;
      end else if (policy[vqnic_regs_pkg::VDEV_POLICY_VLAN_CHECK_LSB]) begin
        vlan_refused = tagged_i && tag_vlan_i != '0 && !vlan_tx_i[vdev_i];
      end
      if (cut_i) vlan_refused = 1'b1;
    end
  end
  assign sent            = !spoof && !vlan_refused;
  assign sent_o          = sent && !from_wire_i;
  assign tx_drop_spoof_o = spoof ? sender : '0;
  assign tx_drop_vlan_o  = !spoof && vlan_refused ? sender : '0;

  // The receivers.
  logic multicast, broadcast, known;
  assign multicast = dst_i[0];
  assign broadcast = dst_i == '1;
  assign known     = (dst_vdevs_i & enable_i) != '0;

  logic [VDEVS-1:0] wants, fits, takes, port;
  for (genvar i = 0; i < VDEVS; i++) begin : gen_vdev
    logic promisc;
    assign promisc = rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_PROMISC_LSB];
    assign port[i] = policy_i[i][vqnic_regs_pkg::VDEV_POLICY_PORT_VLAN_LSB];
    always_comb begin
      if (port[i]) begin
        fits[i] = vlan_i == policy_i[i][PvidLsb +: VlanW];
      end else begin
        fits[i] = !rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_VLAN_FILTER_LSB] || vlan_i == '0 ||
                  vlan_rx_i[i];
      end
      if (broadcast) begin
        wants[i] = !rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_NOBCAST_LSB];
      end else if (multicast) begin
        wants[i] = !rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_NOMULTI_LSB] &&
                   (dst_vdevs_i[i] || promisc ||
                    rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_ALLMULTI_LSB]);
      end else begin
        wants[i] = !rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_NOUNI_LSB] &&
                   (known ? dst_vdevs_i[i] :
                    promisc || rx_mode_i[i][vqnic_regs_pkg::VDEV_RX_MODE_ALLUNI_LSB]);
      end
    end
  end
  assign takes = sent ? wants & enable_i & ~sender : '0;

  assign plain_o        = takes & fits & ~port;
  assign untagged_o     = takes & fits & port;
  assign rx_drop_vlan_o = !multicast && known ? takes & ~fits : '0;
  assign wire_o         = !from_wire_i && sent && (multicast || !known);
  assign drop_filter_o  = from_wire_i && (takes & fits) == '0 && rx_drop_vlan_o == '0;

endmodule

//! Connections by webrtc-rs, made the three ways in which peers meet.

use super::{
    addresses::Addresses,
    approach::Approach,
    doorstep::Doorstep,
    rtc_connection::{Certificate, Expected, Plan, Rtc, failed, is_named, nameless},
    sockets::RoomyRuntime,
    transport::{Connection, Transport, TransportError},
};
use crate::signal::{Beacon, Description, IceCredentials};
use rtc::ice::mdns::MulticastDnsMode;
use std::{net::IpAddr, sync::Arc};

/// Makes WebRTC connections from these addresses.
#[derive(Clone, Debug, Default)]
pub struct RtcTransport {
    addresses: Addresses,
}

impl RtcTransport {
    /// Connections will be made from these addresses, looked up anew for each.
    pub fn new(addresses: Addresses) -> Self {
        Self { addresses }
    }

    fn resolve(&self) -> Result<Vec<IpAddr>, TransportError> {
        let addresses = self.addresses.resolve();
        let addresses = addresses.map_err(failed("listing the network interfaces"))?;
        match addresses.is_empty() {
            true => Err(TransportError::NoNetwork),
            false => Ok(addresses),
        }
    }

    async fn build(&self, names: MulticastDnsMode) -> Result<Rtc, TransportError> {
        let certificate = Certificate::fresh()?;
        Rtc::build(Plan {
            addresses: self.resolve()?,
            names,
            // Derived, not sent: the fingerprint travels anyway.
            credentials: IceCredentials::derived(&certificate.fingerprint),
            certificate,
            runtime: Arc::new(RoomyRuntime::new()),
            peer: Expected::Described,
        })
        .await
    }
}

#[async_trait::async_trait]
impl Transport for RtcTransport {
    async fn beacon(&self) -> Result<(Arc<dyn Connection>, Beacon), TransportError> {
        let (doorstep, beacon) = Doorstep::new(&self.resolve()?)?;
        Ok((Arc::new(doorstep), beacon))
    }

    async fn approach(
        &self,
        beacon: &Beacon,
        straight: bool,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let (approach, answer) = Approach::new(self.resolve()?, beacon, straight).await?;
        Ok((Arc::new(approach), answer))
    }

    async fn offer(&self) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let rtc = self.build(MulticastDnsMode::Disabled).await?;
        let description = rtc.offer().await?;
        Ok((Arc::new(rtc), description))
    }

    async fn answer(
        &self,
        offer: &Description,
    ) -> Result<(Arc<dyn Connection>, Description), TransportError> {
        let named = offer.candidates.iter().any(|c| is_named(&c.address));
        // Names are asked for by multicast, which fails on a host without a route for it. Then
        // the peer must reach us, which it can: it will know our numbers.
        let rtc = match named {
            true => self.build(MulticastDnsMode::QueryOnly).await,
            false => Err(TransportError::Closed),
        };
        let (rtc, description) = match rtc {
            Ok(rtc) => {
                let description = rtc.answer(offer).await?;
                (rtc, description)
            }
            Err(_) => {
                let rtc = self.build(MulticastDnsMode::Disabled).await?;
                let description = rtc.answer(&nameless(offer)).await?;
                (rtc, description)
            }
        };
        Ok((Arc::new(rtc), description))
    }
}

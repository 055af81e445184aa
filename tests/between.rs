//! What may stand between a machine and the hub: a proxy, and a network with a certificate of its own.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A proxy as `HTTPS_PROXY` names one. Ends with the process.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Opens it.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        thread::spawn(move || {
            for line in listener.incoming() {
                let heard = heard.clone();
                // A client that hangs up is as usual as one that does not.
                thread::spawn(move || line.and_then(|line| lead_on(&line, &heard)));
            }
        });
        Self { address, asked }
    }

    /// What `HTTPS_PROXY` is to be.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of everything it was asked.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Opens a line to where the client wants to, or asks there in its place.
fn lead_on(mut line: &TcpStream, heard: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut from = BufReader::new(line.try_clone()?);
    let head = head(&mut from)?;
    let first = head.lines().next().unwrap_or_default().to_owned();
    let mut words = first.split(' ');
    let (how, to) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let place = to
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    let mut onward = TcpStream::connect(place)?;
    let mut asked = heard.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push(first.clone());
    drop(asked);
    match how {
        "CONNECT" => line.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?,
        _ => onward.write_all(head.replacen(&format!("http://{place}"), "", 1).as_bytes())?,
    }
    let mut back = onward.try_clone()?;
    let mut client = line.try_clone()?;
    let backward = thread::spawn(move || {
        let copied = io::copy(&mut back, &mut client);
        let _ = client.shutdown(Shutdown::Both);
        copied
    });
    let _ = io::copy(&mut from, &mut onward);
    let _ = onward.shutdown(Shutdown::Write);
    drop(backward.join());
    Ok(())
}

/// The same hub over https, with a certificate that only those trust who are told to. Ends with the process.
#[derive(Debug)]
pub struct Secure {
    address: SocketAddr,
    certificate: PathBuf,
}

impl Secure {
    /// Stands in front of the hub at `hub` ("http://…"), and puts what is to be trusted into `folder`.
    pub fn open(hub: &str, folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        let issuer = issuer.expect("a certificate that signs");
        let own_key = KeyPair::generate().expect("a key");
        let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let own = own.signed_by(&own_key, &issuer).expect("a certificate");
        let certificate = folder.join("network.pem");
        fs::write(&certificate, issuer.pem()).expect("a file");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .expect("a certificate with its key");
        let config = Arc::new(config);

        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let hub = hub.trim_start_matches("http://").to_owned();
        thread::spawn(move || {
            for line in listener.incoming() {
                let (config, hub) = (config.clone(), hub.clone());
                thread::spawn(move || line.and_then(|line| unwrap(line, config, &hub)));
            }
        });
        Self {
            address,
            certificate,
        }
    }

    /// What `HF_ENDPOINT` is to be.
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// What `SSL_CERT_FILE` is to be.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }
}

fn unwrap(line: TcpStream, config: Arc<ServerConfig>, hub: &str) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut line = BufReader::new(StreamOwned::new(connection, line));
    let head = head(&mut line)?;
    let mut onward = TcpStream::connect(hub)?;
    onward.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    onward.read_to_end(&mut answer)?;
    let line = line.get_mut();
    line.write_all(&answer)?;
    line.conn.send_close_notify();
    line.flush()
}

fn head(from: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && from.read_line(&mut head)? != 0 {}
    Ok(head)
}

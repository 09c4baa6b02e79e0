//! The way to Azure: proxies and certificates.

use sacpilot::azure::{Azure, Clock, Settings};
use sacpilot::transport::{OpenError, open_azure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{Site, TOKEN, vm};

/// A proxy that connects those who give this account. Every request line and authorization it got comes out.
pub(crate) async fn proxy(account: Option<&'static str>) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, came) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connect(stream, account, told.clone()));
        }
    });
    (address, came)
}

async fn connect(stream: TcpStream, account: Option<&str>, told: tokio::sync::mpsc::UnboundedSender<String>) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    told.send(head[0].clone()).unwrap();
    let given = head.iter().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    if given != account {
        let refusal =
            "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        return;
    }
    let target = head[0].split(' ').nth(1).unwrap();
    if target.starts_with("forbidden") {
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        return;
    }
    let mut upstream = TcpStream::connect(target).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut upstream).await;
}

fn refused(result: Result<sacpilot::transport::AzureLine, OpenError>) -> OpenError {
    result.unwrap_err()
}

#[tokio::test]
async fn every_connection_goes_through_the_proxy_unless_it_is_excepted() {
    let site = Site::new("").await;
    // user:pass word
    let (address, mut came) = proxy(Some("Basic dXNlcjpwYXNzIHdvcmQ=")).await;
    let url = format!("http://user:pass%20word@{address}");
    let with = |more: &[(&str, &str)]| {
        let mut variables = vec![("SACPILOT_AZURE_TOKEN", TOKEN), ("HTTPS_PROXY", url.as_str())];
        variables.extend(more);
        site.azure_with(&variables)
    };
    drop(open_azure(&with(&[]), &vm()).await.unwrap());
    let target = format!("CONNECT {} HTTP/1.1", site.bridge.address());
    for _ in 0..5 {
        assert_eq!(came.try_recv().as_deref(), Ok(target.as_str()));
    }
    drop(open_azure(&with(&[("NO_PROXY", "127.0.0.0/8")]), &vm()).await.unwrap());
    assert!(came.try_recv().is_err());
}

#[tokio::test]
async fn what_stands_in_the_way_is_named_without_the_account() {
    let site = Site::new("").await;
    let (address, _came) = proxy(Some("Basic other")).await;
    let through = |url: &str| site.azure_with(&[("SACPILOT_AZURE_TOKEN", TOKEN), ("HTTPS_PROXY", url)]);
    let error = refused(open_azure(&through(&format!("http://user:geheim@{address}")), &vm()).await);
    assert_eq!(error.code(), "azure-proxy-account");
    assert_eq!(error.to_string(), format!("the proxy {address} asks for an account"));
    assert!(!format!("{error:?}").contains("geheim"));

    let (address, _came) = proxy(None).await;
    let settings =
        site.settings(&[("SACPILOT_AZURE_TOKEN", TOKEN), ("HTTPS_PROXY", &format!("http://{address}"))]);
    let arm = sacpilot::azure::BaseUrl::parse("https://forbidden.example").unwrap();
    let cloud = sacpilot::azure::Cloud { arm, ..settings.cloud.clone() };
    let azure = Azure::new(Settings { cloud, ..settings }).unwrap();
    let error = refused(open_azure(&azure, &vm()).await);
    assert_eq!(error.code(), "azure-proxy-refused");
    assert_eq!(
        error.to_string(),
        format!("the proxy {address} does not connect to forbidden.example: it answered 403")
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_with_the_option_that_helps() {
    let site = Site::new("").await;
    let url = site.bridge.url();
    let variable = |name: &str| match name {
        "SACPILOT_AZURE_ARM" => Some(url.clone()),
        "SACPILOT_AZURE_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    };
    let other = Site::new("").await;
    let ca = other.folder.path().join("ca.pem");
    let clock = Clock::showing(jiff::Timestamp::now());
    let settings = Settings::from_variables(variable, Some(ca), clock).unwrap();
    let error = refused(open_azure(&Azure::new(settings).unwrap(), &vm()).await);
    assert_eq!(error.code(), "azure-certificate");
    assert!(error.help().contains("--ca-file"), "{}", error.help());
    assert!(site.bridge.calls().all().is_empty());

    let missing = site.folder.path().join("none.pem");
    let settings = Settings::from_variables(variable, Some(missing), clock).unwrap();
    let error = Azure::new(settings).unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("azure-ca-file", true));
}

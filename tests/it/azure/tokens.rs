//! Where tokens come from.

use std::time::Duration;

use sacpilot::bridge::Call;
use sacpilot::transport::open_azure;

use super::{Site, vm};

#[tokio::test(start_paused = true)]
async fn a_client_secret_and_a_workload_get_a_token_from_the_authority() {
    let site = Site::new("").await;
    let assertion = site.folder.path().join("assertion");
    std::fs::write(&assertion, "as.ser.tion\n").unwrap();
    let common = [("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "app")];
    for own in [
        ("AZURE_CLIENT_SECRET", "simulated-client-secret"),
        ("AZURE_FEDERATED_TOKEN_FILE", assertion.to_str().unwrap()),
    ] {
        let azure = site.azure_with(&[common[0], common[1], own]);
        drop(open_azure(&azure, &vm()).await.unwrap());
        let requests = site.bridge.calls().requests();
        assert!(requests.contains(&"POST /tenant/oauth2/v2.0/token".to_owned()), "{requests:?}");
    }
    assert_eq!(site.bridge.calls().leaks(), [""; 0]);

    let azure = site.azure_with(&[common[0], common[1], ("AZURE_CLIENT_SECRET", "ge?heim")]);
    let error = open_azure(&azure, &vm()).await.unwrap_err();
    assert_eq!(error.code(), "azure-no-token-given");
    let text = format!("{error} {error:?} {}", error.help());
    assert!(text.contains("AADSTS7000215") && !text.contains("heim"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_machine_has_an_identity() {
    let site = Site::new("").await;
    let azure = site.azure_with(&[
        ("SACPILOT_AZURE_CREDENTIAL", "managed-identity"),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &site.bridge.url()),
        ("AZURE_CLIENT_ID", "mine"),
    ]);
    drop(open_azure(&azure, &vm()).await.unwrap());
    let calls = site.bridge.calls();
    let Some(Call::Request { target, .. }) = calls.all().first() else { panic!("nothing was asked") };
    assert!(target.ends_with(
        "?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.core.windows.net%2F&client_id=mine"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_it_is_nearly_over_and_new_for_each_connection() {
    let site = Site::new("").await;
    let azure = site.azure_with(&[
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_CLIENT_SECRET", "simulated-client-secret"),
    ]);
    let asked = || {
        let requests = site.bridge.calls().requests();
        requests.iter().filter(|request| request.ends_with("/token")).count()
    };
    drop(open_azure(&azure, &vm()).await.unwrap());
    assert_eq!(asked(), 1, "one token for all calls of a connection");
    drop(open_azure(&azure, &vm()).await.unwrap());
    assert_eq!(asked(), 2, "a new connection is a new token");
    azure.open_console(&vm()).await.unwrap();
    assert_eq!(asked(), 2);
    tokio::time::sleep(Duration::from_mins(56)).await;
    azure.open_console(&vm()).await.unwrap();
    assert_eq!(asked(), 3, "it would have ended in four minutes");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_again_each_time() {
    let site = Site::new("").await;
    let file = site.folder.path().join("token");
    std::fs::write(&file, "not.this.one").unwrap();
    let azure = site.azure_with(&[("SACPILOT_AZURE_TOKEN_FILE", file.to_str().unwrap())]);
    let error = open_azure(&azure, &vm()).await.unwrap_err();
    assert_eq!(error.code(), "azure-token-refused");
    std::fs::write(&file, format!("Bearer {}\n", super::TOKEN)).unwrap();
    drop(open_azure(&azure, &vm()).await.unwrap());
    std::fs::remove_file(&file).unwrap();
    let error = open_azure(&azure, &vm()).await.unwrap_err();
    assert_eq!(error.code(), "azure-token-file");
}

#[cfg(unix)]
#[tokio::test]
async fn az_is_asked() {
    use std::os::unix::fs::PermissionsExt as _;

    let site = Site::new("").await;
    let az = site.folder.path().join("az");
    let script = format!(
        "#!/bin/sh\necho '{{\"accessToken\":\"{}\",\"expires_on\":1795341118,\"tokenType\":\"Bearer\"}}'\n",
        super::TOKEN
    );
    std::fs::write(&az, script).unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    let azure = site.azure_with(&[("SACPILOT_AZURE_CLI", az.to_str().unwrap())]);
    drop(open_azure(&azure, &vm()).await.unwrap());
    assert_eq!(site.bridge.calls().tokens().len(), 1);

    let azure = site.azure_with(&[
        ("SACPILOT_AZURE_CLI", "/no/az/here"),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"),
    ]);
    let error = open_azure(&azure, &vm()).await.unwrap_err();
    assert_eq!(error.code(), "azure-no-token");
    assert!(error.to_string().contains("/no/az/here is not installed"), "{error}");
}
